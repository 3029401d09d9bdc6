-- The results database, version 1. Times are milliseconds since 1970-01-01 UTC.

-- Long texts, each stored once: prompts and their parts, instances, request templates.
CREATE TABLE texts (
    id    INTEGER PRIMARY KEY,
    size  INTEGER NOT NULL CHECK (size >= 0),    -- bytes of the text
    codec INTEGER NOT NULL CHECK (codec IN (0, 1)), -- 0: as it is; 1: a zstd frame
    base  INTEGER REFERENCES texts (id),         -- the text that is the frame's dictionary
    body  BLOB    NOT NULL
) STRICT;

-- Finds texts by their SHA-256.
CREATE TABLE text_hashes (
    hash BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    text INTEGER NOT NULL REFERENCES texts (id)
) WITHOUT ROWID, STRICT;

-- What is asked, apart from who is asked and in which run. Equal requests of all runs share a row.
CREATE TABLE bodies (
    id    INTEGER PRIMARY KEY,
    shape INTEGER NOT NULL REFERENCES texts (id), -- the request JSON with empty texts
    parts TEXT    NOT NULL,                       -- JSON array of the ids of those texts, in order
    UNIQUE (shape, parts)
) STRICT;

CREATE TABLE models (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE
) STRICT;

-- The response cache: one row for each (model, request) that has been asked.
CREATE TABLE outcomes (
    model   INTEGER NOT NULL REFERENCES models (id),
    body    INTEGER NOT NULL REFERENCES bodies (id),
    kind    TEXT    NOT NULL CHECK (kind IN ('answered', 'refused', 'failed')),
    failure TEXT    CHECK ((failure IS NOT NULL) = (kind = 'failed')),
    seconds REAL,
    retries INTEGER NOT NULL,
    created INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES contents (id),
    PRIMARY KEY (model, body)
) WITHOUT ROWID, STRICT;

-- The outcomes themselves, apart so that counting them does not read them: zstd frames of JSON.
CREATE TABLE contents (
    id   INTEGER PRIMARY KEY,
    size INTEGER NOT NULL CHECK (size >= 0),
    body BLOB    NOT NULL
) STRICT;

CREATE TABLE suites (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    suite        INTEGER NOT NULL REFERENCES suites (id),
    name         TEXT    NOT NULL,
    revision     INTEGER NOT NULL,
    superseded   INTEGER NOT NULL CHECK (superseded IN (0, 1)),
    model        INTEGER NOT NULL REFERENCES models (id),
    spec         TEXT    NOT NULL, -- the run spec as JSON
    spec_hash    BLOB    NOT NULL, -- SHA-256 of it
    data_hashes  TEXT    NOT NULL, -- JSON object: file or source to hash
    inputs_hash  BLOB    NOT NULL, -- SHA-256 over spec, model, data, instances and requests
    instances    INTEGER NOT NULL,
    requests     INTEGER NOT NULL,
    version      TEXT    NOT NULL, -- of Holometer
    host         TEXT    NOT NULL, -- JSON
    created      INTEGER NOT NULL,
    finished     INTEGER,
    UNIQUE (suite, name, revision),
    UNIQUE (suite, name, inputs_hash)
) STRICT;

-- At most one revision of a run is current.
CREATE UNIQUE INDEX runs_current ON runs (suite, name) WHERE superseded = 0;

CREATE TABLE instances (
    run          INTEGER NOT NULL REFERENCES runs (id),
    position     INTEGER NOT NULL,
    instance     TEXT    NOT NULL, -- its id within the scenario
    split        TEXT    NOT NULL,
    perturbation TEXT,
    content      INTEGER NOT NULL REFERENCES texts (id), -- its JSON
    PRIMARY KEY (run, position)
) WITHOUT ROWID, STRICT;

CREATE TABLE requests (
    run          INTEGER NOT NULL REFERENCES runs (id),
    position     INTEGER NOT NULL,
    instance     INTEGER NOT NULL, -- its position
    trial        INTEGER NOT NULL,
    reference    INTEGER,
    mode         TEXT,
    body         INTEGER NOT NULL REFERENCES bodies (id),
    mapping      TEXT, -- JSON array of [letter, index of the reference or text]
    examples     INTEGER NOT NULL,
    truncated    INTEGER NOT NULL CHECK (truncated IN (0, 1)),
    conditioning INTEGER NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID, STRICT;

CREATE INDEX requests_by_unit ON requests (run, trial, instance);

-- Names of metrics and reasons for missing values, each stored once.
CREATE TABLE labels (
    id    INTEGER PRIMARY KEY,
    label TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE scores (
    run      INTEGER NOT NULL REFERENCES runs (id),
    trial    INTEGER NOT NULL,
    instance INTEGER NOT NULL,
    metric   INTEGER NOT NULL REFERENCES labels (id),
    value    REAL,
    reason   INTEGER REFERENCES labels (id),
    PRIMARY KEY (run, trial, instance, metric),
    CHECK ((value IS NULL) <> (reason IS NULL))
) WITHOUT ROWID, STRICT;

-- What each unit adds to the sums of the statistics that are not means.
CREATE TABLE components (
    run       INTEGER NOT NULL REFERENCES runs (id),
    trial     INTEGER NOT NULL,
    instance  INTEGER NOT NULL,
    statistic INTEGER NOT NULL REFERENCES labels (id),
    sums      TEXT, -- JSON array of numbers
    reason    INTEGER REFERENCES labels (id),
    PRIMARY KEY (run, trial, instance, statistic),
    CHECK ((sums IS NULL) <> (reason IS NULL))
) WITHOUT ROWID, STRICT;

CREATE TABLE cells (
    run          INTEGER NOT NULL REFERENCES runs (id),
    position     INTEGER NOT NULL,
    metric       TEXT    NOT NULL,
    split        TEXT,
    perturbation TEXT,
    status       TEXT    NOT NULL,
    value        REAL,
    n            INTEGER,
    low          REAL,
    high         REAL,
    content      TEXT    NOT NULL, -- the whole cell as JSON
    PRIMARY KEY (run, position)
) WITHOUT ROWID, STRICT;
