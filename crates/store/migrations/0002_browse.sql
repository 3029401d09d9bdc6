-- What the pages need: an instance's perturbed copies, a metric's cells, what became of a run's requests, people's ratings.

CREATE INDEX instances_by_id ON instances (run, instance);

CREATE INDEX cells_by_metric ON cells (run, metric);

-- What became of a run's requests when it was last scored: counting them anew reads every one.
CREATE TABLE tallies (
    run      INTEGER NOT NULL PRIMARY KEY REFERENCES runs (id),
    finished INTEGER NOT NULL, -- the time of that scoring; the tally of another time is stale
    answered INTEGER NOT NULL,
    refused  INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    not_run  INTEGER NOT NULL,
    seconds  REAL    NOT NULL -- of model time, as far as recorded
) STRICT;

-- What people think of an answer. Rows are only ever added: the latest of a rater counts.
CREATE TABLE ratings (
    id       INTEGER PRIMARY KEY,
    run      INTEGER NOT NULL REFERENCES runs (id),
    trial    INTEGER NOT NULL,
    instance INTEGER NOT NULL, -- its position
    rater    TEXT    NOT NULL,
    value    INTEGER NOT NULL CHECK (value BETWEEN 1 AND 5),
    note     TEXT    NOT NULL,
    created  INTEGER NOT NULL
) STRICT;

CREATE INDEX ratings_by_unit ON ratings (run, trial, instance);
