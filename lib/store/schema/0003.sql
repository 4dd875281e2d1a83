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
