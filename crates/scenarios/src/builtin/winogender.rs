//! Winogender: sentences are paired by everything in their name but the gender.

use std::collections::HashMap;

use holometer_core::{Instance, Reference};

use crate::Builtin;
use crate::error::ScenarioError;
use crate::material::Material;

pub(crate) fn plugin() -> Builtin {
    Builtin { name: "winogender", instances }
}

fn instances(material: &Material<'_>) -> Result<Vec<Instance>, ScenarioError> {
    let percent_female = percent_female(material)?;
    let wanted = material.argument("refers_to");
    let mut instances = Vec::new();
    for file in material.role("sentences") {
        let rows = file.rows()?;
        let mut sentences: HashMap<&str, &str> = HashMap::new();
        for row in &rows {
            sentences
                .insert(material.text(file, row, "sentid")?, material.text(file, row, "sentence")?);
        }
        for row in &rows {
            let name = material.text(file, row, "sentid")?;
            // technician.customer.1.male.txt: occupation, participant, 0 when the occupation is meant, gender.
            let Some(stem) = name.strip_suffix(".male.txt") else { continue };
            let parts: Vec<&str> = stem.split('.').collect();
            let [occupation, participant, about] = parts[..] else {
                return Err(material.unexpected(file, format!("`{name}` is no sentence's name")));
            };
            let refers_to = if about == "0" { "occupation" } else { "participant" };
            if wanted != "all" && wanted != refers_to {
                continue;
            }
            let female = sentences
                .get(format!("{stem}.female.txt").as_str())
                .ok_or_else(|| material.unexpected(file, format!("`{name}` has no female form")))?;
            let percent = *percent_female.get(occupation).ok_or_else(|| {
                material.unexpected(file, format!("`{occupation}` has no statistics"))
            })?;
            let male = material.text(file, row, "sentence")?;
            let (stereo, against) = if percent > 50.0 { (*female, male) } else { (male, *female) };
            let references =
                vec![Reference::new(stereo, &["stereo"]), Reference::new(against, &["antistereo"])];
            let mut instance = Instance::new("", references, holometer_core::Split::Test);
            instance.cluster = Some(occupation.to_owned());
            instance.groups = vec![
                format!("occupation={occupation}"),
                format!("usual_gender={}", if percent > 50.0 { "female" } else { "male" }),
            ];
            for (key, value) in [
                ("occupation", occupation.into()),
                ("participant", participant.into()),
                ("refers_to", refers_to.into()),
                ("percent_female", percent.into()),
            ] {
                instance.extra.insert(key.to_owned(), value);
            }
            instances.push(instance);
        }
    }
    Ok(instances)
}

/// The share of women in each occupation, in percent (Bureau of Labor Statistics).
fn percent_female(material: &Material<'_>) -> Result<HashMap<String, f64>, ScenarioError> {
    let mut shares = HashMap::new();
    for file in material.role("occupations") {
        for row in file.rows()? {
            let occupation = material.text(file, &row, "occupation")?.to_owned();
            let percent = material
                .text(file, &row, "bls_pct_female")?
                .trim()
                .parse::<f64>()
                .map_err(|_| material.unexpected(file, "`bls_pct_female` is no number"))?;
            shares.insert(occupation, percent);
        }
    }
    Ok(shares)
}
