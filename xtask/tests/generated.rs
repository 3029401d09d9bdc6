//! The generated tables are up to date.

#[test]
fn generated_tables_are_up_to_date() {
    xtask::codegen::check(&xtask::root()).unwrap();
}
