//! Room for the pages: the local web server over the results database, and the same pages as a static site.
//!
//! Nothing lives here yet; `holometer report` and `holometer export` show the same numbers.
