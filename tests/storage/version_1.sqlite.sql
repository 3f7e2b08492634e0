CREATE TABLE schema_migrations (
	version INTEGER NOT NULL,
	applied_at DOUBLE NOT NULL,
	PRIMARY KEY (version)
);

CREATE TABLE projects (
	id INTEGER NOT NULL,
	name TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	archived_at DOUBLE,
	PRIMARY KEY (id),
	UNIQUE (name)
);

CREATE TABLE instances (
	task_id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	position INTEGER NOT NULL,
	input TEXT NOT NULL,
	output TEXT NOT NULL,
	PRIMARY KEY (task_id, version, position)
);

CREATE TABLE data_sets (
	id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	kind TEXT NOT NULL,
	derivation_id INTEGER,
	digest TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	FOREIGN KEY(derivation_id) REFERENCES derivations (id)
);

CREATE TABLE prompt_sets (
	hash TEXT NOT NULL,
	name TEXT NOT NULL,
	source TEXT NOT NULL,
	PRIMARY KEY (hash)
);

CREATE TABLE runs (
	id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	seed_data_set_id INTEGER NOT NULL,
	prompt_set TEXT NOT NULL,
	settings JSON NOT NULL,
	endpoint JSON NOT NULL,
	concurrency INTEGER NOT NULL,
	budget JSON NOT NULL,
	worked_seconds DOUBLE NOT NULL,
	state TEXT NOT NULL,
	detail TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	started_at DOUBLE,
	ended_at DOUBLE,
	PRIMARY KEY (id),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	FOREIGN KEY(seed_data_set_id) REFERENCES data_sets (id),
	FOREIGN KEY(prompt_set) REFERENCES prompt_sets (hash)
);

CREATE TABLE endpoints (
	name TEXT NOT NULL,
	settings JSON NOT NULL,
	tested_at DOUBLE,
	report JSON,
	PRIMARY KEY (name)
);

CREATE TABLE derivations (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	number INTEGER NOT NULL,
	settings JSON NOT NULL,
	committed INTEGER NOT NULL,
	kept INTEGER NOT NULL,
	fruitless INTEGER NOT NULL,
	digest TEXT,
	created_at DOUBLE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (run_id, number),
	FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE TABLE prompt_prefixes (
	hash TEXT NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (hash)
);

CREATE TABLE workers (
	id TEXT NOT NULL,
	version TEXT NOT NULL,
	host TEXT NOT NULL,
	pid INTEGER NOT NULL,
	started_at DOUBLE NOT NULL,
	heartbeat_at DOUBLE NOT NULL,
	PRIMARY KEY (id)
);

CREATE TABLE tasks (
	id INTEGER NOT NULL,
	project_id INTEGER NOT NULL,
	origin TEXT NOT NULL,
	derivation_id INTEGER,
	ordinal INTEGER,
	position INTEGER,
	source_id TEXT,
	name TEXT,
	created_at DOUBLE NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (derivation_id, ordinal, position),
	FOREIGN KEY(project_id) REFERENCES projects (id),
	FOREIGN KEY(derivation_id) REFERENCES derivations (id)
);

CREATE INDEX tasks_of_project ON tasks (project_id, origin);

CREATE TABLE run_events (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	words TEXT NOT NULL,
	at DOUBLE NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE INDEX ix_run_events_run_id ON run_events (run_id);

CREATE TABLE requests (
	id INTEGER NOT NULL,
	run_id INTEGER NOT NULL,
	stage TEXT NOT NULL,
	ordinal INTEGER NOT NULL,
	source_ordinal INTEGER,
	source_position INTEGER,
	instruction TEXT,
	context JSON NOT NULL,
	prefix_hash TEXT NOT NULL,
	tail TEXT NOT NULL,
	parameters JSON NOT NULL,
	planned_at DOUBLE NOT NULL,
	answered BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (run_id, stage, ordinal),
	FOREIGN KEY(run_id) REFERENCES runs (id),
	FOREIGN KEY(prefix_hash) REFERENCES prompt_prefixes (hash)
);

CREATE INDEX requests_open ON requests (run_id, answered);

CREATE TABLE jobs (
	id INTEGER NOT NULL,
	kind TEXT NOT NULL,
	run_id INTEGER NOT NULL,
	state TEXT NOT NULL,
	wish TEXT NOT NULL,
	owner TEXT,
	lease_until DOUBLE,
	claims INTEGER NOT NULL,
	error TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	ended_at DOUBLE,
	PRIMARY KEY (id),
	FOREIGN KEY(run_id) REFERENCES runs (id)
);

CREATE INDEX ix_jobs_run_id ON jobs (run_id);

CREATE TABLE task_versions (
	task_id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	instruction TEXT NOT NULL,
	is_classification BOOLEAN,
	state TEXT NOT NULL,
	created_at DOUBLE NOT NULL,
	PRIMARY KEY (task_id, version),
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);

CREATE TABLE dropped_instances (
	task_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	input TEXT NOT NULL,
	output TEXT NOT NULL,
	reason TEXT NOT NULL,
	PRIMARY KEY (task_id, position),
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);

CREATE TABLE task_events (
	id INTEGER NOT NULL,
	task_id INTEGER NOT NULL,
	version INTEGER,
	kind TEXT NOT NULL,
	payload JSON NOT NULL,
	person TEXT,
	at DOUBLE NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);

CREATE INDEX ix_task_events_task_id ON task_events (task_id);

CREATE TABLE data_set_items (
	data_set_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	task_id INTEGER NOT NULL,
	version INTEGER NOT NULL,
	PRIMARY KEY (data_set_id, position),
	FOREIGN KEY(data_set_id) REFERENCES data_sets (id),
	FOREIGN KEY(task_id) REFERENCES tasks (id)
);

CREATE TABLE attempts (
	request_id INTEGER NOT NULL,
	number INTEGER NOT NULL,
	sent_at DOUBLE NOT NULL,
	ended_at DOUBLE,
	outcome TEXT NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (request_id, number),
	FOREIGN KEY(request_id) REFERENCES requests (id)
);

CREATE TABLE responses (
	request_id INTEGER NOT NULL,
	raw TEXT NOT NULL,
	text TEXT,
	finish_reason TEXT,
	prompt_tokens INTEGER,
	completion_tokens INTEGER,
	latency DOUBLE NOT NULL,
	received_at DOUBLE NOT NULL,
	PRIMARY KEY (request_id),
	FOREIGN KEY(request_id) REFERENCES requests (id)
);

CREATE TABLE candidates (
	derivation_id INTEGER NOT NULL,
	ordinal INTEGER NOT NULL,
	position INTEGER NOT NULL,
	instruction TEXT NOT NULL,
	reason TEXT,
	detail TEXT NOT NULL,
	nearest_task_id INTEGER,
	nearest_score DOUBLE,
	PRIMARY KEY (derivation_id, ordinal, position),
	FOREIGN KEY(derivation_id) REFERENCES derivations (id),
	FOREIGN KEY(nearest_task_id) REFERENCES tasks (id)
);

CREATE INDEX candidates_by_reason ON candidates (derivation_id, reason);
