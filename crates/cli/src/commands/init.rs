//! `init`: files to start from.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use crate::args::{InitArgs, InitKind};
use crate::failure::{Exit, Failure};
use crate::output;

const SUITE: &str = r#"# A suite: models x entries, without a line for each. `holometer plan -c THIS_FILE` shows what it means.
suite = "my-suite"

# Models: a folder or .gguf file, `openai:NAME`, `http://host:port/v1#NAME`, ... (`holometer list providers`).
# `test:random` answers at random and needs nothing; replace it.
models = ["test:random"]

# At most this many questions per run.
max_instances = 100

# Also ask perturbed copies: `canonical` is HELM's set for robustness and fairness.
# perturbations = "canonical"

# Whom answers mention: `own`, `helm`, `holistic_bias`, or a word list of yours beside this file, with lines such as
# `gender=nonbinary: they, themself, non-binary person` and `race=black: black people, african american`.
# lexicon = "own"

# Entries. A list multiplies, and "*" stands for every documented value (`holometer show scenario bbq`).
[[entries]]
scenario = "bbq"
subject = ["Age", "Religion"]

[[entries]]
scenario = "synthetic_reasoning"
mode = "*"
"#;

/// Writes a scenario or suite file.
pub(crate) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    match &args.what {
        InitKind::Scenario { data, output } => {
            let path = output.clone().unwrap_or_else(|| data.with_extension("toml"));
            let text = holometer_scenarios::scaffold(&path, data).map_err(Failure::usage)?;
            write_new(&path, &text)?;
            output::print(format!("wrote {}; next: holometer check {0}", path.display()))?;
        }
        InitKind::Suite { output } => {
            write_new(output, SUITE)?;
            output::print(format!("wrote {}; next: holometer plan -c {0}", output.display()))?;
        }
    }
    Ok(Exit::Done)
}

/// Writes a file that must not be there yet.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let made = File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    made.map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AlreadyExists {
            "name another file; nothing is ever overwritten"
        } else {
            "name a file in a folder that you may write to"
        };
        Failure::usage(format!("can't write `{}`: {error}", path.display())).hint(hint)
    })
}
