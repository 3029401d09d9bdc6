-- What was planned for a suite and could not be run, and why: reports made later say so, too.
CREATE TABLE not_run (
    suite  INTEGER NOT NULL REFERENCES suites (id),
    cell   TEXT    NOT NULL, -- the run's name, or the entry where it is not even a run
    reason TEXT    NOT NULL,
    PRIMARY KEY (suite, cell)
) WITHOUT ROWID, STRICT;
