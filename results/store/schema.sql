-- schema.sql - one run in one SQLite file (results/store/store.h), made to be queried by hand:
--
--	sqlite3 runs/latest/run.db "SELECT f, type, count(*) FROM op GROUP BY f, type"
--
-- Times are nanoseconds since the start of the run (monotonic). Columns key, input and output
-- hold NULL, an integer, or JSON text. Flags are 0 or 1.

CREATE TABLE run (	       -- one row
	name TEXT NOT NULL, system TEXT, workload TEXT, faults TEXT,
	command TEXT,	       -- the command line that repeats the run
	version TEXT,	       -- of faultline
	seed INTEGER,	       -- 64 bits, as a signed number
	started_unix_ms INTEGER, time_ns INTEGER, concurrency INTEGER, node_count INTEGER,
	status TEXT NOT NULL,  -- running, done, interrupted, broken: REASON
	verdict TEXT,	       -- valid, invalid, unknown; NULL: not judged
	operations INTEGER     -- rows of op when the run ended
);

CREATE TABLE host (
	id INTEGER PRIMARY KEY, -- index in the run; op.node is this plus 1
	name TEXT NOT NULL, address TEXT, address6 TEXT,
	details TEXT		-- JSON object: what the probe found
);

-- One row an operation. Operation a precedes b in real time iff a.complete_at < b.id.
CREATE TABLE op (
	id INTEGER PRIMARY KEY,	-- position of its invocation in the order of all events
	complete_at INTEGER,	-- position of its completion; NULL: open, or outcome unknown
	invoke_ns INTEGER NOT NULL,
	complete_ns INTEGER,	-- NULL: never answered
	process INTEGER NOT NULL,
	node INTEGER NOT NULL,	-- host.id + 1; 0: not known
	type TEXT NOT NULL,	-- ok, fail, info (nobody knows; also while it is open)
	f TEXT NOT NULL,	-- what it asked: read, write, cas, ...
	key, input, output,
	error TEXT
);

CREATE TABLE fault (
	id INTEGER PRIMARY KEY,
	fault TEXT NOT NULL, target TEXT, -- as asked: partition, majority
	resolved TEXT,			  -- as done: n1,n2 | n3,n4,n5
	start_ns INTEGER, end_ns INTEGER, -- end NULL: still in force
	injected INTEGER, verified INTEGER, healed INTEGER, has_evidence INTEGER,
	evidence TEXT,			  -- JSON object
	error TEXT
);

-- The facts that prove each fault, one a row.
CREATE VIEW evidence AS
	SELECT fault.id AS fault_id, fault.fault, each.key AS name, each.value
	FROM fault, json_each(fault.evidence) AS each WHERE json_valid(fault.evidence);

CREATE TABLE verdict (
	checker TEXT PRIMARY KEY,
	verdict TEXT NOT NULL, reason TEXT,
	complexity TEXT,    -- of the decider that was used
	certified INTEGER,  -- a separate program proved it again
	operations INTEGER, anomalies INTEGER, seconds REAL,
	details TEXT	    -- JSON object
);

CREATE TABLE anomaly (
	id INTEGER PRIMARY KEY,
	checker TEXT NOT NULL, name TEXT NOT NULL,
	key TEXT,  -- JSON
	text TEXT, -- the explanation in words
	ops TEXT   -- JSON list: rows of op in the order of id, counted from 0
);

-- What the run itself said: phases, facts, lines of its log.
CREATE TABLE log (at_ns INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL);

-- Operations a second by outcome, with their mean and worst latency.
CREATE VIEW series AS
	SELECT complete_ns / 1000000000 AS second, f, type, count(*) AS operations,
	       avg(complete_ns - invoke_ns) / 1e6 AS mean_ms,
	       max(complete_ns - invoke_ns) / 1e6 AS worst_ms
	FROM op WHERE complete_ns IS NOT NULL GROUP BY 1, 2, 3;

-- All events in their order, as other tools write histories.
CREATE VIEW history AS
	SELECT id AS position, id AS op, 'invoke' AS type, process, f, key, input AS value,
	       invoke_ns AS at_ns, node, NULL AS error FROM op
	UNION ALL
	SELECT complete_at, id, type, process, f, key, output, complete_ns, node, error
	FROM op WHERE complete_at IS NOT NULL
	ORDER BY position;
