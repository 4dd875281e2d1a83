-- SPDX-License-Identifier: ISC
-- Version 3: what upkeep needs to know.

-- In seconds, 0: none. Without a handshake for stale_after_s a peer is stale;
-- scrub_idle_s is how long endpoints are remembered, rotate_after_s how old keys get.
ALTER TABLE interface ADD COLUMN stale_after_s INTEGER NOT NULL DEFAULT 2592000
	CHECK (stale_after_s >= 0);
ALTER TABLE interface ADD COLUMN scrub_idle_s INTEGER NOT NULL DEFAULT 600
	CHECK (scrub_idle_s >= 0);
ALTER TABLE interface ADD COLUMN rotate_after_s INTEGER NOT NULL DEFAULT 0
	CHECK (rotate_after_s >= 0);

-- keyed_at: since when it has this key. resumes_at: its quota is used up, and it is
-- expired until then; 0: not so. successor_id: it has a newer key under that row,
-- and this one goes when that one is used, or at overlap_until.
ALTER TABLE peer ADD COLUMN keyed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN resumes_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN successor_id INTEGER REFERENCES peer (id);
ALTER TABLE peer ADD COLUMN overlap_until INTEGER NOT NULL DEFAULT 0;

UPDATE peer SET keyed_at = max(created_at, coalesce(
	(SELECT max(a.time) FROM audit_detail d JOIN audit a ON a.number = d.number
	WHERE d.peer_id = peer.id AND a.verb = 'rotate'), 0));

CREATE INDEX peer_overlap ON peer (interface_id, overlap_until)
	WHERE successor_id IS NOT NULL AND state <> 3;
CREATE INDEX peer_successor ON peer (successor_id) WHERE successor_id IS NOT NULL;

-- What a removal left pending: whoever has the peer again makes it anew.
ALTER TABLE pending ADD COLUMN goes INTEGER NOT NULL DEFAULT 0 CHECK (goes IN (0, 1));

-- base/clock.h: what is remembered of the clocks.
CREATE TABLE clock (
	id INTEGER PRIMARY KEY CHECK (id = 1),
	boot_id TEXT NOT NULL,
	offset_s INTEGER NOT NULL,
	since_s INTEGER NOT NULL,
	trusted INTEGER NOT NULL CHECK (trusted IN (0, 1)),
	trusted_offset_s INTEGER NOT NULL,
	trusted_at INTEGER NOT NULL
) STRICT;

-- A life of a link: its counters begin at zero with it. digest: of what the last
-- tick saw, head: the chain's last entry by then; NULL: to be looked at again.
CREATE TABLE usage_life (
	interface_id INTEGER PRIMARY KEY REFERENCES interface (id),
	life TEXT NOT NULL,
	number INTEGER NOT NULL CHECK (number > 0),
	digest BLOB CHECK (length(digest) = 16),
	head INTEGER NOT NULL
) STRICT;

-- Totals; the day of the last handshake (since 1970; 0: never); and what the
-- counters of one key said, in one life (0: of none: they begin at zero).
CREATE TABLE usage (
	peer_id INTEGER PRIMARY KEY REFERENCES peer (id),
	rx_bytes INTEGER NOT NULL CHECK (rx_bytes >= 0),
	tx_bytes INTEGER NOT NULL CHECK (tx_bytes >= 0),
	seen_day INTEGER NOT NULL,
	key BLOB NOT NULL CHECK (length(key) = 32),
	life INTEGER NOT NULL,
	rx_seen INTEGER NOT NULL CHECK (rx_seen >= 0),
	tx_seen INTEGER NOT NULL CHECK (tx_seen >= 0)
) STRICT;
CREATE INDEX usage_seen ON usage (life) WHERE life > 0;

-- Of the totals, what fell on one day; older days are folded into months, which
-- are counted as 12 a year.
CREATE TABLE usage_day (
	peer_id INTEGER NOT NULL REFERENCES peer (id),
	day INTEGER NOT NULL,
	rx_bytes INTEGER NOT NULL CHECK (rx_bytes >= 0),
	tx_bytes INTEGER NOT NULL CHECK (tx_bytes >= 0),
	PRIMARY KEY (peer_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_day_day ON usage_day (day);
CREATE TABLE usage_month (
	peer_id INTEGER NOT NULL REFERENCES peer (id),
	month INTEGER NOT NULL,
	rx_bytes INTEGER NOT NULL CHECK (rx_bytes >= 0),
	tx_bytes INTEGER NOT NULL CHECK (tx_bytes >= 0),
	PRIMARY KEY (peer_id, month)
) STRICT, WITHOUT ROWID;

CREATE INDEX peer_quota ON peer (interface_id) WHERE quota_bytes > 0 AND state = 0;
CREATE INDEX peer_resumes ON peer (interface_id, resumes_at)
	WHERE resumes_at > 0 AND state = 2;

-- Disclosures are signed with a key of the register's own, Ed25519, that minisign(1)
-- knows by 8 bytes; its seed is a row of secret.
ALTER TABLE meta ADD COLUMN signing_id BLOB CHECK (length(signing_id) = 8);
ALTER TABLE meta ADD COLUMN signing_secret_id INTEGER REFERENCES secret (id);

-- forgotten: of a peer that was forgotten. An erase row (kind 4) that is has the file
-- made anew, once no row of another kind is: until then that one holds a key or route.
ALTER TABLE pending ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0
	CHECK (forgotten IN (0, 1));
CREATE INDEX pending_forgotten ON pending (id) WHERE forgotten = 1;

-- Digests of what WireGuard should hold, so that comparing with what it holds needs no
-- look at the rows of peers that are in line (lib/expected.h).
-- A row for 256 ids of peers, those of one interface. Page n is made from the peers
-- with id >> 8 = n, and made anew where it lacks. Its digests' number and sum are for
-- comparing without a look at each, by the index alone; special: one of its peers has
-- more to tell than its digest.
CREATE TABLE expected (
	page INTEGER NOT NULL,
	interface_id INTEGER NOT NULL,
	n INTEGER NOT NULL,
	sum BLOB NOT NULL CHECK (length(sum) = 16),
	special INTEGER NOT NULL CHECK (special IN (0, 1)),
	peers BLOB NOT NULL,
	PRIMARY KEY (page, interface_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX expected_sum ON expected (interface_id, page, n, sum, special);

-- Whoever changes what a page was made from takes the page away. The program does so
-- itself (lib/store/stale.h), with triggers off: a statement with a trigger keeps a
-- journal, and takes ten times as long. These are for all others, as for sqlite3 by
-- hand. They fire before the change: then there still is what REPLACE takes the place
-- of and tells no trigger.

CREATE TRIGGER expected_peer_replaced BEFORE INSERT ON peer BEGIN
	DELETE FROM expected WHERE page IN (SELECT id >> 8 FROM peer WHERE
		interface_id = NEW.interface_id AND state <> 3 AND
		(name = NEW.name OR public_key = NEW.public_key));
END;
CREATE TRIGGER expected_peer_added AFTER INSERT ON peer BEGIN
	DELETE FROM expected WHERE page = NEW.id >> 8;
END;
CREATE TRIGGER expected_peer_removed BEFORE DELETE ON peer BEGIN
	DELETE FROM expected WHERE page = OLD.id >> 8;
END;
CREATE TRIGGER expected_peer_changed BEFORE UPDATE ON peer BEGIN
	DELETE FROM expected WHERE page IN (OLD.id >> 8, NEW.id >> 8) OR
		page IN (SELECT id >> 8 FROM peer WHERE
		interface_id = NEW.interface_id AND state <> 3 AND
		(name = NEW.name OR public_key = NEW.public_key));
END;

CREATE TRIGGER expected_prefix_added BEFORE INSERT ON prefix BEGIN
	DELETE FROM expected WHERE page = NEW.peer_id >> 8 OR
		page IN (SELECT peer_id >> 8 FROM prefix WHERE id = NEW.id OR
		(interface_id = NEW.interface_id AND family = NEW.family AND addr = NEW.addr AND
		length = NEW.length));
END;
CREATE TRIGGER expected_prefix_removed BEFORE DELETE ON prefix BEGIN
	DELETE FROM expected WHERE page = OLD.peer_id >> 8;
END;
CREATE TRIGGER expected_prefix_changed BEFORE UPDATE ON prefix BEGIN
	DELETE FROM expected WHERE page IN (OLD.peer_id >> 8, NEW.peer_id >> 8) OR
		page IN (SELECT peer_id >> 8 FROM prefix WHERE id = NEW.id OR
		(interface_id = NEW.interface_id AND family = NEW.family AND addr = NEW.addr AND
		length = NEW.length));
END;

CREATE TRIGGER expected_secret_added BEFORE INSERT ON secret BEGIN
	DELETE FROM expected WHERE page IN
		(SELECT id >> 8 FROM peer WHERE secret_id = NEW.id);
END;
CREATE TRIGGER expected_secret_removed BEFORE DELETE ON secret BEGIN
	DELETE FROM expected WHERE page IN
		(SELECT id >> 8 FROM peer WHERE secret_id = OLD.id);
END;
CREATE TRIGGER expected_secret_changed BEFORE UPDATE ON secret BEGIN
	DELETE FROM expected WHERE page IN
		(SELECT id >> 8 FROM peer WHERE secret_id IN (OLD.id, NEW.id));
END;

-- What is in a pool needs no route.
CREATE TRIGGER expected_pool_added BEFORE INSERT ON pool BEGIN
	DELETE FROM expected;
END;
CREATE TRIGGER expected_pool_removed BEFORE DELETE ON pool BEGIN
	DELETE FROM expected;
END;
CREATE TRIGGER expected_pool_changed BEFORE UPDATE ON pool BEGIN
	DELETE FROM expected;
END;
