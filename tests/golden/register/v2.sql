-- A register as peerage made it when version 2 was the newest: '.dump' of sqlite3,
-- and the two fields of the header that it leaves out.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	register_id TEXT NOT NULL CHECK (length(register_id) = 32),
	hash_key BLOB NOT NULL CHECK (length(hash_key) = 32)
) STRICT;
INSERT INTO meta VALUES(1,'2451d6732e5542f2cd542287c4ba4b64',X'6fd4b9880a733de45f1a4837892bd3e02de88d29445ae5f6826e982dffa35771');
CREATE TABLE secret (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	bytes BLOB NOT NULL CHECK (length(bytes) = 32)
) STRICT;
INSERT INTO secret VALUES(1,X'30bd4609b8a7c258c864fe9ea9106d7c5229df6ef0e564d3403993ebed8eb748');
INSERT INTO secret VALUES(2,X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO secret VALUES(3,X'0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO secret VALUES(4,X'1cb2400bc3125c4a873154f786bd45b4795f8e99182e70fb3a3977c9318a6095');
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
) STRICT;
INSERT INTO interface VALUES(1,'wg0',X'b0908fc417ac39d99e8790aaba3d5d46743f2ba8b9de2f05cd316b0caef6d851',1,51820,0,'vpn.example.org:51820','9.9.9.9,2620:fe::fe','0.0.0.0/0,::/0',25,'auto',0,0,1795780891,1,NULL);
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
	config_epoch INTEGER NOT NULL,
	UNIQUE (interface_id, id)
) STRICT;
INSERT INTO peer VALUES(1,1,'alice',X'f6f1da4218c3edcf6d50642b8ade2814f3d34fa2dcee2830ffa6815d60a92d11',0,4,NULL,NULL,NULL,NULL,0,0,NULL,'on the second floor',1795780891,4070908800,0,0,0,1);
INSERT INTO peer VALUES(2,1,'bob',X'dacce4d0603550a5baccedca49eee8cae142b15e524ac04808f0b1e4578c9e13',1,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,1795780891,0,0,10000000000,2,1);
INSERT INTO peer VALUES(3,1,'carol',X'c70a88a5fe6db361591e2aef34cda7119dd2a78bc7c88f471f8b7847f7613d38',3,NULL,NULL,NULL,NULL,NULL,0,0,NULL,NULL,1795780891,0,1795780893,0,0,1);
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
INSERT INTO revoked_key VALUES('wg0',X'22456db737be13274ae751f93679aa78c6adfcb09960b6ccea3945de4ee1fb89',1795780893,NULL);
INSERT INTO revoked_key VALUES('wg0',X'70d1117f0d41fe4786600e30de9664f8b3bbd7ac69035e59ec483d2dfd543b73',1795780893,NULL);
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
INSERT INTO held VALUES(1,4,X'0a070004',1798372893,3);
INSERT INTO held VALUES(1,6,X'fd070000000000000000000000000004',1798372893,3);
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
INSERT INTO audit VALUES(1,1795780891,'create',NULL,'uid 0',X'2b6a2ee404d44445db28292da0db28989d319fa3b5f3f936177c7cbe834bb9cf',X'08723fedeee0802c3e597ea2c4392106da99ddf0b17d10f4c3316c0112c5c6fa');
INSERT INTO audit VALUES(2,1795780891,'init','wg0','root',X'043fc6ad201cc19cdf0d9f56ab1f8da3ddb04a93b9867dd7a7e36c880d1c903c',X'24c82738b6eff499b0ea238aaffd1ac71636e0002d5cbaf2ba63ca1aade5d848');
INSERT INTO audit VALUES(3,1795780891,'add','wg0','root',X'1a3df7f4fcc6154f3609294d874eb5a351c21e066f06641bf1cd4d37d7588674',X'942ee72a00be1b4717a441531759c9917c72a10c5b0063cdea100a04ac369118');
INSERT INTO audit VALUES(4,1795780891,'add','wg0','root',X'5c964d32f632b83cafc3d149c58e19d4576f1a13004784f1609096dfd0649914',X'a4369b9c621505c9956fd1ae8a9d4a4aa974503a2a0c812f900b47564475eeb6');
INSERT INTO audit VALUES(5,1795780891,'add','wg0','root',X'2c5f1a6c17320386ca7ab17a8d0b60fd476b6efffcf4400700eea1dc2cb18277',X'ee6950149ba752677453aa1d220dee2a5d1760a67c6a9ea0fde798f45c3ada26');
INSERT INTO audit VALUES(6,1795780893,'revoke','wg0','root',X'31148c21a9ea68ea5f2fedd18bf2903a57a3f8b5263423a48dda09f8b3ff5b37',X'd77306c841cc2a6b08293ba8bd2d64eb3747c55a6ceec297d861cccf33e570ac');
INSERT INTO audit VALUES(7,1795780893,'disable','wg0','root',X'a8deb835df257409408d4a9f56a54aa6cfaa88a7644038b501b0a2ed70533380',X'48f8429b6295bf0f11418fb74a3e5d35e2588c1a5df202d43e74eb467d75ed91');
INSERT INTO audit VALUES(8,1795780893,'rotate','wg0','root',X'f1fb708e980edaa7348956657fe86b917149045278d856b71c2af33e05c8636b',X'03d1bfa7912744f94d834990e2919ff20c03b02536ce102fc4a4ec5810dc8759');
CREATE TABLE audit_detail (
	number INTEGER PRIMARY KEY REFERENCES audit (number),
	peer_id INTEGER,
	salt BLOB CHECK (length(salt) = 16),
	detail TEXT
) STRICT;
INSERT INTO audit_detail VALUES(1,NULL,X'33a536f8a4ff01a3b093164fb8651ade','{"register":"2451d6732e5542f2cd542287c4ba4b64"}');
INSERT INTO audit_detail VALUES(2,NULL,X'4ec52cd26cbbb0af67bb49d84751b949','{"changes":{"public_key":{"from":null,"to":"sJCPxBesOdmeh5Cquj1dRnQ/K6i53i8FzTFrDK722FE="},"listen_port":{"from":null,"to":51820},"addresses":{"from":null,"to":["10.7.0.1/24","fd07::1/64"]},"endpoint":{"from":null,"to":"vpn.example.org:51820"},"dns":{"from":null,"to":["9.9.9.9","2620:fe::fe"]},"client_allowed_ips":{"from":null,"to":["0.0.0.0/0","::/0"]},"client_keepalive":{"from":null,"to":25},"nat":{"from":null,"to":"auto"}}}');
INSERT INTO audit_detail VALUES(3,1,X'c072265324b87dab298828aab110b6bb','{"peer_id":1,"peer":"alice","public_key":"x7zAXGlIgbzYLevpwbpZuAruXUGdOQ3L0NwPz4i9Hhc=","changes":{"name":{"from":null,"to":"alice"},"addresses":{"from":null,"to":["10.7.0.2/32","fd07::2/128"]},"preshared_key":{"from":null,"to":true},"tags":{"from":null,"to":["staff"]},"note":{"from":null,"to":"on the second floor"},"expires_at":{"from":null,"to":"2099-01-01T00:00:00Z"}}}');
INSERT INTO audit_detail VALUES(4,2,X'efb233559d5516f606441bd312893293','{"peer_id":2,"peer":"bob","public_key":"2szk0GA1UKW6zO3KSe7oyuFCsV5SSsBICPCx5FeMnhM=","changes":{"name":{"from":null,"to":"bob"},"addresses":{"from":null,"to":["10.7.0.3/32","fd07::3/128"]},"routes":{"from":null,"to":["192.168.7.0/24"]},"quota_bytes":{"from":null,"to":10000000000},"quota_period":{"from":null,"to":"month"}}}');
INSERT INTO audit_detail VALUES(5,3,X'660bb53a1ff7727f738522c0982d16c6','{"peer_id":3,"peer":"carol","public_key":"xwqIpf5ts2FZHirvNM2nEZ3Sp4vHyI9HH4t4R/dhPTg=","changes":{"name":{"from":null,"to":"carol"},"addresses":{"from":null,"to":["10.7.0.4/32","fd07::4/128"]},"preshared_key":{"from":null,"to":true}}}');
INSERT INTO audit_detail VALUES(6,3,X'f86634719230664b12d456498f508950','{"peer_id":3,"peer":"carol","public_key":"xwqIpf5ts2FZHirvNM2nEZ3Sp4vHyI9HH4t4R/dhPTg=","changes":{"state":{"from":"active","to":"revoked"},"addresses":{"from":["10.7.0.4/32","fd07::4/128"],"to":[]}}}');
INSERT INTO audit_detail VALUES(7,2,X'25d1818399ecc716f92471b22a30a22a','{"peer_id":2,"peer":"bob","public_key":"2szk0GA1UKW6zO3KSe7oyuFCsV5SSsBICPCx5FeMnhM=","changes":{"state":{"from":"active","to":"disabled"}}}');
INSERT INTO audit_detail VALUES(8,1,X'8cad5c0b52911af7868a703d130124b9','{"peer_id":1,"peer":"alice","public_key":"9vHaQhjD7c9tUGQrit4oFPPTT6Lc7igw/6aBXWCpLRE=","changes":{"public_key":{"from":"x7zAXGlIgbzYLevpwbpZuAruXUGdOQ3L0NwPz4i9Hhc=","to":"9vHaQhjD7c9tUGQrit4oFPPTT6Lc7igw/6aBXWCpLRE="}}}');
CREATE TABLE hash_key (
	id INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL UNIQUE CHECK (length(bytes) = 32)
) STRICT;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('audit',8);
INSERT INTO sqlite_sequence VALUES('secret',4);
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
COMMIT;
PRAGMA application_id = 0x50656572;
PRAGMA user_version = 2;
