-- SPDX-License-Identifier: ISC
-- Version 4: digests of what WireGuard should hold, so that comparing with what it
-- holds needs no look at the rows of peers that are in line (lib/expected.h).

-- A row for 256 ids of peers, those of one interface. Page n is made from the peers
-- with id >> 8 = n, and made anew where it lacks.
CREATE TABLE expected (
	page INTEGER NOT NULL,
	interface_id INTEGER NOT NULL,
	peers BLOB NOT NULL,
	PRIMARY KEY (page, interface_id)
) STRICT, WITHOUT ROWID;

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
