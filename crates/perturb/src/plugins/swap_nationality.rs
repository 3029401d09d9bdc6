//! Counterfactual nationality.

use std::sync::LazyLock;

use holometer_core::PerturbationDescription;
use holometer_pyrand::PyRandom;

use crate::counterfactual::groups::GroupTable;
use crate::counterfactual::table_swap::TableSwap;
use crate::counterfactual::{Edit, Memory, Rewrite, Rewriting};
use crate::{PerturbationCard, Plugin};

const CARD: PerturbationCard = PerturbationCard {
    name: "swap_nationality",
    summary: "counterfactual: a country and its people become another's",
    docs: "## What it does\n\nThe adjective of a nationality, its people in the singular and the plural, and the country's name become the target's, with *a* or \
        *an* before them. References change before the input. Each copy records the number of changed words as `edits`.\n\n\
        ## Arguments\n\n`target`: a country as in `mexico`, or `next` (each becomes the following one of the table). `source`: one of them, or `any` \
        (the default).\n\n\
        ## Values\n\n`afghanistan`, `argentina`, `australia`, `austria`, `bangladesh`, `belgium`, `brazil`, `canada`, `chile`, `china`, `colombia`, `cuba`, \
        `egypt`, `ethiopia`, `finland`, `france`, `germany`, `ghana`, `greece`, `hungary`, `india`, `indonesia`, `iran`, `iraq`, `ireland`, `israel`, \
        `italy`, `jamaica`, `japan`, `kenya`, `lebanon`, `mexico`, `morocco`, `nepal`, `netherlands`, `nigeria`, `norway`, `pakistan`, `peru`, \
        `philippines`, `poland`, `portugal`, `romania`, `russia`, `senegal`, `somalia`, `spain`, `sudan`, `sweden`, `switzerland`, `syria`, `thailand`, \
        `turkey`, `ukraine`, `vietnam`, `yemen`\n\n\
        ## Source and licence\n\nA table of 56 countries from *The World Factbook* (nouns and adjectives of nationality; public domain), made by \
        `parity/perturb/tables.py`.\n\n\
        ## Example\n\nWith `target=mexico`: `An Irish chef left Ireland.` becomes `A Mexican chef left Mexico.`\n\n\
        ## Placebo\n\n`placebo:for=swap_nationality`.\n\n\
        ## Caveats\n\nCapitals, languages, currencies and names stay, and so does knowledge about a country. Only capitalised words change (`turkey` the bird \
        stays).",
};

static TABLE: LazyLock<GroupTable> =
    LazyLock::new(|| GroupTable::read_rows(include_str!("../tables/nationalities.tsv")));

pub(crate) fn plugin() -> Plugin {
    Plugin {
        card: CARD,
        build: |arguments, _| {
            let swap = TableSwap::new("swap_nationality", "nationality", &TABLE, arguments)?;
            Ok(Box::new(Rewriting(SwapNationality(swap.capitalised_only()))))
        },
    }
}

struct SwapNationality(TableSwap);

impl Rewrite for SwapNationality {
    fn description(&self) -> PerturbationDescription {
        self.0.description()
    }

    fn edits(&self, text: &str, _random: &mut PyRandom, _memory: &mut Memory) -> Vec<Edit> {
        self.0.edits(text)
    }
}
