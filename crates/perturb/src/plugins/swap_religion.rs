//! Counterfactual religion.

use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;

use crate::counterfactual::groups::GroupTable;
use crate::counterfactual::table_swap::TableSwap;
use crate::counterfactual::{Edit, Memory, Rewrite, Rewriting};
use crate::{PerturbationCard, Plugin};

const CARD: PerturbationCard = PerturbationCard {
    name: "swap_religion",
    summary: "counterfactual: words of a religion become another's",
    docs: "## What it does\n\nThe names of a religion's followers, its adjective, its own name, and the words for its house of worship, scripture and clergy \
        become the target religion's, with *a* or *an* before them. References change before the input. Each copy records the number of changed words \
        as `edits`.\n\n\
        ## Arguments\n\n`target`: `buddhist`, `christian`, `hindu`, `jewish`, `muslim`, `nonreligious`, `sikh`, or `next` (each \
        becomes the following one of the table). `source`: one of them, or `any` (the \
        default).\n\n\
        ## Source and licence\n\nOur own table of 11 meanings in 7 columns.\n\n\
        ## Example\n\nWith `target=muslim`: `A Jewish man prayed at the synagogue.` becomes `A Muslim man prayed at the mosque.`\n\n\
        ## Placebo\n\n`placebo:for=swap_religion`.\n\n\
        ## Caveats\n\nKnowledge about a religion is not rewritten: a question whose answer depends on it becomes wrong. Words for which a religion has none \
        (a non-religious scripture) stay. *Church* and *temple* are read as Christian and Hindu.",
};

static TABLE: LazyLock<GroupTable> =
    LazyLock::new(|| GroupTable::read(include_str!("../tables/religions.tsv")));

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            Ok(Box::new(Rewriting(SwapReligion(TableSwap::new(
                "swap_religion",
                "religion",
                &TABLE,
                arguments,
            )?))))
        },
    }
}

struct SwapReligion(TableSwap);

impl Rewrite for SwapReligion {
    fn description(&self) -> PerturbationDescription {
        self.0.description()
    }

    fn edits(&self, text: &str, _random: &mut PyRandom, _memory: &mut Memory) -> Vec<Edit> {
        self.0.edits(text)
    }
}
