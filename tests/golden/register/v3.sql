-- A register as peerage made it when version 3 was the newest: '.dump' of sqlite3,
-- and the two fields of the header that it leaves out.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	register_id TEXT NOT NULL CHECK (length(register_id) = 32),
	hash_key BLOB NOT NULL CHECK (length(hash_key) = 32)
) STRICT;
INSERT INTO meta VALUES(1,'5e2058c55f61c07b891314fcecd56d2c',X'd2f7276b5790c69c0489034799d680eb6cbc7f60b863ecf4f0cec75d25dfc4b7');
CREATE TABLE secret (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	bytes BLOB NOT NULL CHECK (length(bytes) = 32)
) STRICT;
INSERT INTO secret VALUES(1,X'78ef7bc9991636cc0809bb91a3373785ae84a2c175a70828c366a33fc4d3e270');
INSERT INTO secret VALUES(2,X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO secret VALUES(3,X'c60a34767e13c9bf433eee43df26dd81321428bba94e4cd6b12a730077b75a67');
INSERT INTO secret VALUES(4,X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO secret VALUES(5,X'e5b634031a51a9ecc74765b3e2695b5f56598059a49e4c17ecb95d4dafc0f17e');
CREATE TABLE interface (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	public_key BLOB NOT NULL CHECK (length(public_key) = 32),
	secret_id INTEGER NOT NULL REFERENCES secret (id),
	listen_port INTEGER NOT NULL CHECK (listen_port BETWEEN 0 AND 65535),
	mtu INTEGER NOT NULL CHECK (mtu BETWEEN 0 AND 65535),
	endpoint TEXT,
	dns TEXT NOT NULL,
	client_allowed_ips TEXT NOT NULL,
	client_keepalive_s INTEGER NOT NULL CHECK (client_keepalive_s BETWEEN 0 AND 65535),
	nat TEXT NOT NULL,
	isolate INTEGER NOT NULL CHECK (isolate IN (0, 1)),
	wanted_up INTEGER NOT NULL CHECK (wanted_up IN (0, 1)),
	created_at INTEGER NOT NULL,
	config_epoch INTEGER NOT NULL,
	seal_to TEXT
, stale_after_s INTEGER NOT NULL DEFAULT 2592000
	CHECK (stale_after_s >= 0), scrub_idle_s INTEGER NOT NULL DEFAULT 600
	CHECK (scrub_idle_s >= 0), rotate_after_s INTEGER NOT NULL DEFAULT 0
	CHECK (rotate_after_s >= 0)) STRICT;
INSERT INTO interface VALUES(1,'wg0',X'ace4e645d77e0e92f7730c47c1debf72e10947432336d98d88e0af3397929249',1,51820,0,'vpn.example.org:51820','9.9.9.9,2620:fe::fe','0.0.0.0/0,::/0',25,'auto',0,0,1795781182,1,NULL,2592000,600,0);
CREATE TABLE peer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	name TEXT NOT NULL,
	public_key BLOB NOT NULL CHECK (length(public_key) = 32),
	state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),
	secret_id INTEGER REFERENCES secret (id),
	sealed_key BLOB,
	client_allowed_ips TEXT,
	dns TEXT,
	client_keepalive_s INTEGER CHECK (client_keepalive_s BETWEEN 0 AND 65535),
	mtu INTEGER NOT NULL CHECK (mtu BETWEEN 0 AND 65535),
	keepalive_s INTEGER NOT NULL CHECK (keepalive_s BETWEEN 0 AND 65535),
	endpoint TEXT,
	note TEXT,
	created_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL,
	revoked_at INTEGER NOT NULL,
	quota_bytes INTEGER NOT NULL CHECK (quota_bytes >= 0),
	quota_period INTEGER NOT NULL CHECK (quota_period BETWEEN 0 AND 2),
	config_epoch INTEGER NOT NULL, keyed_at INTEGER NOT NULL DEFAULT 0, resumes_at INTEGER NOT NULL DEFAULT 0, successor_id INTEGER REFERENCES peer (id), overlap_until INTEGER NOT NULL DEFAULT 0,
	UNIQUE (interface_id, id)
) STRICT;
INSERT INTO peer VALUES(1,1,'alice',X'bc4ca46c8f1ac44e13873c91940fac1a4407caeb84659a5e030b4195489c1e2f',0,5,NULL,NULL,NULL,NULL,0,0,NULL,'on the second floor',1795781182,4070908800,0,0,0,1,1795781184,0,NULL,0);
INSERT INTO peer VALUES(2,1,'bob',X'8f9460ce250c05ec2fd26d8f17be5313e398ab89f9fd2bc8ab98b14b931a7505',1,3,NULL,NULL,NULL,NULL,0,0,NULL,NULL,1795781182,0,0,10000000000,2,1,1795781182,0,NULL,0);
INSERT INTO peer VALUES(3,1,'carol',X'897806f603d16666bf7f95f01ab28a929a460c68b4124d9bc9e5b34aeb634e76',3,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,1795781182,0,1795781184,0,0,1,1795781182,0,NULL,0);
CREATE TABLE tag (
	peer_id INTEGER NOT NULL REFERENCES peer (id),
	tag TEXT NOT NULL,
	PRIMARY KEY (peer_id, tag)
) STRICT, WITHOUT ROWID;
INSERT INTO tag VALUES(1,'staff');
CREATE TABLE revoked_key (
	interface TEXT NOT NULL,
	hash BLOB NOT NULL CHECK (length(hash) = 32),
	revoked_at INTEGER NOT NULL, hash_key_id INTEGER REFERENCES hash_key (id),
	PRIMARY KEY (interface, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO revoked_key VALUES('wg0',X'22f2c9e78e527de47a714099dcade9092249d3e468464c086bfe54cce971751f',1795781184,NULL);
INSERT INTO revoked_key VALUES('wg0',X'3b410cb991b46ebb09939eeb486698b12c1ab2866c22f4c6f23b3f34edb0de5f',1795781184,NULL);
CREATE TABLE pool (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	position INTEGER NOT NULL,
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	length INTEGER NOT NULL,
	UNIQUE (interface_id, position)
) STRICT;
INSERT INTO pool VALUES(1,1,0,4,X'0a070001',24);
INSERT INTO pool VALUES(2,1,1,6,X'fd070000000000000000000000000001',64);
CREATE TABLE free_extent (
	pool_id INTEGER NOT NULL REFERENCES pool (id),
	last BLOB NOT NULL,
	first BLOB NOT NULL,
	PRIMARY KEY (pool_id, last)
) STRICT, WITHOUT ROWID;
INSERT INTO free_extent VALUES(1,X'0a0700fe',X'0a070005');
INSERT INTO free_extent VALUES(2,X'fd07000000000000ffffffffffffffff',X'fd070000000000000000000000000005');
CREATE TABLE prefix (
	id INTEGER PRIMARY KEY,
	interface_id INTEGER NOT NULL,
	peer_id INTEGER NOT NULL,
	route INTEGER NOT NULL CHECK (route IN (0, 1)),
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	length INTEGER NOT NULL,
	UNIQUE (interface_id, family, addr, length),
	FOREIGN KEY (interface_id, peer_id) REFERENCES peer (interface_id, id)
) STRICT;
INSERT INTO prefix VALUES(1,1,1,0,4,X'0a070002',32);
INSERT INTO prefix VALUES(2,1,1,0,6,X'fd070000000000000000000000000002',128);
INSERT INTO prefix VALUES(3,1,2,0,4,X'0a070003',32);
INSERT INTO prefix VALUES(4,1,2,0,6,X'fd070000000000000000000000000003',128);
INSERT INTO prefix VALUES(5,1,2,1,4,X'c0a80700',24);
CREATE TABLE held (
	interface_id INTEGER NOT NULL REFERENCES interface (id),
	family INTEGER NOT NULL CHECK (family IN (4, 6)),
	addr BLOB NOT NULL,
	until INTEGER NOT NULL,
	peer_id INTEGER NOT NULL,
	PRIMARY KEY (interface_id, family, addr)
) STRICT, WITHOUT ROWID;
INSERT INTO held VALUES(1,4,X'0a070004',1798373184,3);
INSERT INTO held VALUES(1,6,X'fd070000000000000000000000000004',1798373184,3);
CREATE TABLE pending (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	interface_id INTEGER REFERENCES interface (id),
	kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5),
	key BLOB CHECK (length(key) = 32),
	family INTEGER CHECK (family IN (4, 6)),
	addr BLOB,
	length INTEGER,
	CHECK ((kind = 4) = (interface_id IS NULL)),
	CHECK ((kind = 1) = (key IS NOT NULL)),
	CHECK ((kind = 2) = (addr IS NOT NULL))
) STRICT;
CREATE TABLE audit (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	verb TEXT NOT NULL,
	interface TEXT CHECK (interface <> ''),
	actor TEXT NOT NULL,
	commitment BLOB NOT NULL CHECK (length(commitment) = 32),
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO audit VALUES(1,1795781182,'create',NULL,'uid 0',X'7dfd1253a13092bc7b4a1f8696a2e5f10956243bb5739ec1e96e8ab2e586fbb4',X'016dd4c82b03c768055ec8d06eded4f43fbeca1768d1b00259ae5b1cff270344');
INSERT INTO audit VALUES(2,1795781182,'init','wg0','root',X'd6df6cc65e9e0e858f35986e93620abf16dd7ab9521dcdca968adca51249a863',X'dd985debcd245bbc4ee6603868099767b17316069cba7c19094dffad425e4557');
INSERT INTO audit VALUES(3,1795781182,'add','wg0','root',X'1be7236abda6e85f1699ea9eac4990a3ca6d05e1e5ebf006a17975dc2da07f64',X'8cfa10d94373922177da0e92f4757d8d7ad3d4e14c5b0bcf1cd3f62cda3fdf85');
INSERT INTO audit VALUES(4,1795781182,'add','wg0','root',X'1bc8cca00275926f1efce0c8a30950869af726e17080d1ef8b679bd7293a5306',X'10c4b614756f6f34f76fb8461eb14065d7bc3a0fb4b28fb6fea8eacdf572d733');
INSERT INTO audit VALUES(5,1795781182,'add','wg0','root',X'7abf33c0f0d80966b98ca70ad8fb73930f964a31059427a53d86e9f71450e77d',X'26f13f53b12b3d7af8afb8a77b078d8ed1eb457e7120d8cb161027857cf680f7');
INSERT INTO audit VALUES(6,1795781184,'revoke','wg0','root',X'5ba0bda0c7f0f4557abfac754c9f996e32ca8f9763d55ced56cd823ff3d1c4ae',X'a641795ee160d582e1e7e958eb564ea4121573742981331c2bfd571beb852e84');
INSERT INTO audit VALUES(7,1795781184,'disable','wg0','root',X'a2da2ab2cdabff1de692f70971c8ca5eafb8b724798ad2d5062e8c6e30d6ea0e',X'fdaa91ecd79673c7c638b5989c0a9f8b324c1a56650dd6a695a15e3ec0dec3b1');
INSERT INTO audit VALUES(8,1795781184,'rotate','wg0','root',X'c80e3fed55f16292640d754a0bce40effc69ab5b9cec5027d4a5f780faff93e8',X'd930374eb14c5f4d07c9730e0ce300690b5ff82b97351e81c204d5d24a3977eb');
CREATE TABLE audit_detail (
	number INTEGER PRIMARY KEY REFERENCES audit (number),
	peer_id INTEGER,
	salt BLOB CHECK (length(salt) = 16),
	detail TEXT
) STRICT;
INSERT INTO audit_detail VALUES(1,NULL,X'f114d5b36cb7d7f476edb5d7d2fdc4fd','{"register":"5e2058c55f61c07b891314fcecd56d2c"}');
INSERT INTO audit_detail VALUES(2,NULL,X'72d6b1de82d0b042900f20c0c0103280','{"changes":{"public_key":{"from":null,"to":"rOTmRdd+DpL3cwxHwd6/cuEJR0MjNtmNiOCvM5eSkkk="},"listen_port":{"from":null,"to":51820},"addresses":{"from":null,"to":["10.7.0.1/24","fd07::1/64"]},"endpoint":{"from":null,"to":"vpn.example.org:51820"},"dns":{"from":null,"to":["9.9.9.9","2620:fe::fe"]},"client_allowed_ips":{"from":null,"to":["0.0.0.0/0","::/0"]},"client_keepalive":{"from":null,"to":25},"nat":{"from":null,"to":"auto"},"stale_after":{"from":null,"to":2592000},"scrub_idle":{"from":null,"to":600}}}');
INSERT INTO audit_detail VALUES(3,1,X'e215b488ade848dc92610aead2ab9622','{"peer_id":1,"peer":"alice","public_key":"6t1zgCjen+LOydwQ3kOkGDoc68fNqO5miRH0iLNDzDg=","changes":{"name":{"from":null,"to":"alice"},"addresses":{"from":null,"to":["10.7.0.2/32","fd07::2/128"]},"preshared_key":{"from":null,"to":true},"tags":{"from":null,"to":["staff"]},"note":{"from":null,"to":"on the second floor"},"expires_at":{"from":null,"to":"2099-01-01T00:00:00Z"}}}');
INSERT INTO audit_detail VALUES(4,2,X'b15ae6187ef1609d39631fcae3cfe61f','{"peer_id":2,"peer":"bob","public_key":"j5RgziUMBewv0m2PF75TE+OYq4n5/SvIq5ixS5MadQU=","changes":{"name":{"from":null,"to":"bob"},"addresses":{"from":null,"to":["10.7.0.3/32","fd07::3/128"]},"routes":{"from":null,"to":["192.168.7.0/24"]},"preshared_key":{"from":null,"to":true},"quota_bytes":{"from":null,"to":10000000000},"quota_period":{"from":null,"to":"month"}}}');
INSERT INTO audit_detail VALUES(5,3,X'30e2d6c6babb924bc318c39ec299985c','{"peer_id":3,"peer":"carol","public_key":"iXgG9gPRZma/f5XwGrKKkppGDGi0Ek2byeWzSutjTnY=","changes":{"name":{"from":null,"to":"carol"},"addresses":{"from":null,"to":["10.7.0.4/32","fd07::4/128"]},"preshared_key":{"from":null,"to":true}}}');
INSERT INTO audit_detail VALUES(6,3,X'b0ec3a4d1da35fe14a8344fcb15daa18','{"peer_id":3,"peer":"carol","public_key":"iXgG9gPRZma/f5XwGrKKkppGDGi0Ek2byeWzSutjTnY=","changes":{"state":{"from":"active","to":"revoked"},"addresses":{"from":["10.7.0.4/32","fd07::4/128"],"to":[]}}}');
INSERT INTO audit_detail VALUES(7,2,X'9fb33b19d85cb95989ab583306de6dcf','{"peer_id":2,"peer":"bob","public_key":"j5RgziUMBewv0m2PF75TE+OYq4n5/SvIq5ixS5MadQU=","changes":{"state":{"from":"active","to":"disabled"}}}');
INSERT INTO audit_detail VALUES(8,1,X'709da46dfe8bcd95a93ccef4537c2fdf','{"peer_id":1,"peer":"alice","public_key":"vEykbI8axE4ThzyRlA+sGkQHyuuEZZpeAwtBlUicHi8=","changes":{"public_key":{"from":"6t1zgCjen+LOydwQ3kOkGDoc68fNqO5miRH0iLNDzDg=","to":"vEykbI8axE4ThzyRlA+sGkQHyuuEZZpeAwtBlUicHi8="}}}');
CREATE TABLE hash_key (
	id INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL UNIQUE CHECK (length(bytes) = 32)
) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',8);
INSERT INTO sqlite_sequence VALUES('secret',5);
INSERT INTO sqlite_sequence VALUES('interface',1);
INSERT INTO sqlite_sequence VALUES('pool',2);
INSERT INTO sqlite_sequence VALUES('peer',3);
INSERT INTO sqlite_sequence VALUES('pending',2);
CREATE UNIQUE INDEX peer_name ON peer (interface_id, name) WHERE state <> 3;
CREATE UNIQUE INDEX peer_key ON peer (interface_id, public_key) WHERE state <> 3;
CREATE INDEX peer_gone ON peer (interface_id, name, revoked_at) WHERE state = 3;
CREATE INDEX peer_state ON peer (interface_id, state);
CREATE INDEX peer_due ON peer (interface_id, expires_at) WHERE state = 0 AND expires_at > 0;
CREATE INDEX prefix_peer ON prefix (interface_id, peer_id, route);
CREATE INDEX held_until ON held (interface_id, until);
CREATE INDEX pending_interface ON pending (interface_id);
CREATE INDEX audit_peer ON audit_detail (peer_id) WHERE peer_id IS NOT NULL;
CREATE INDEX peer_overlap ON peer (interface_id, overlap_until)
	WHERE successor_id IS NOT NULL AND state <> 3;
CREATE INDEX peer_successor ON peer (successor_id) WHERE successor_id IS NOT NULL;
COMMIT;
PRAGMA application_id = 0x50656572;
PRAGMA user_version = 3;
