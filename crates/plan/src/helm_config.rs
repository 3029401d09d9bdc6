//! HELM's own configuration of models: `model_deployments.yaml`, `model_metadata.yaml`, `tokenizer_configs.yaml` and
//! `credentials.conf`, as they lie in its `prod_env` folder.
//!
//! Only what says how to reach a model is kept. No message of this module holds a key, and neither does what it prints for
//! debugging.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use yaml_rust2::{Yaml, YamlLoader};

use crate::hocon::{self, Field, Kind};

/// A way to reach a model: HELM's `ModelDeployment`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HelmDeployment {
    /// Its name, host organisation first.
    pub name: String,
    /// The model's name, creator first.
    pub model: String,
    /// The tokenizer's name.
    pub tokenizer: Option<String>,
    /// The context window, in tokens.
    pub window: Option<usize>,
    /// The class that HELM calls it with, without its module.
    pub client: String,
    /// The class's arguments that are texts.
    args: BTreeMap<String, String>,
    deprecated: bool,
}

/// Everything that HELM's files say about models.
#[derive(Clone, Default)]
pub struct HelmConfig {
    deployments: Vec<HelmDeployment>,
    tokenizers: BTreeMap<String, String>,
    models: BTreeSet<String>,
    keys: BTreeMap<String, String>,
    deployment_keys: BTreeMap<String, String>,
}

impl fmt::Debug for HelmConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.len() + self.deployment_keys.len();
        write!(f, "HelmConfig({} deployments, {keys} keys)", self.deployments.len())
    }
}

/// The variable that holds a vendor's key, by HELM's name for the vendor's organisation.
const VARIABLES: [(&str, &str); 13] = [
    ("ANTHROPIC_API_KEY", "anthropicApiKey"),
    ("COHERE_API_KEY", "cohereApiKey"),
    ("DEEPSEEK_API_KEY", "deepseekApiKey"),
    ("GEMINI_API_KEY", "googleApiKey"),
    ("GROQ_API_KEY", "groqApiKey"),
    ("HF_TOKEN", "huggingfaceAuthToken"),
    ("MISTRAL_API_KEY", "mistralaiApiKey"),
    ("OPENAI_API_KEY", "openaiApiKey"),
    ("OPENAI_ORG_ID", "openaiOrgId"),
    ("OPENROUTER_API_KEY", "openrouterApiKey"),
    ("PERSPECTIVE_API_KEY", "perspectiveApiKey"),
    ("TOGETHER_API_KEY", "togetherApiKey"),
    ("XAI_API_KEY", "xaiApiKey"),
];

/// HELM's clients of vendors: class, our vendor, and the argument that renames the model.
const CLIENTS: [(&str, &str, &str); 12] = [
    ("AnthropicMessagesClient", "anthropic", "anthropic_model_name"),
    ("CohereChatClient", "cohere", "cohere_model"),
    ("CohereClient", "cohere", "cohere_model"),
    ("GoogleGenAIClient", "google", "genai_model"),
    ("GrokChatClient", "xai", "xai_model"),
    ("MistralAIClient", "mistral", "mistral_model"),
    ("OpenAIClient", "openai", "openai_model_name"),
    ("OpenAIResponseClient", "openai-responses", "openai_model_name"),
    ("OpenRouterClient", "openrouter", "model_name"),
    ("TogetherChatClient", "together", "together_model"),
    ("TogetherClient", "together", "together_model"),
    ("VertexAIChatClient", "vertex", "vertexai_model"),
];

impl HelmConfig {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.deployments.is_empty() && self.models.is_empty() && self.keys.is_empty()
    }

    /// Reads `model_deployments.yaml`.
    ///
    /// # Errors
    /// One sentence, when the text is no YAML or has no list of deployments.
    pub fn read_deployments(&mut self, text: &str) -> Result<(), String> {
        for entry in list(text, "model_deployments")? {
            let Some(name) = entry["name"].as_str() else { continue };
            let client = &entry["client_spec"];
            let class = client["class_name"].as_str().unwrap_or_default();
            let args = client["args"].as_hash().into_iter().flatten();
            self.deployments.push(HelmDeployment {
                name: name.to_owned(),
                model: entry["model_name"].as_str().unwrap_or(name).to_owned(),
                tokenizer: entry["tokenizer_name"].as_str().map(str::to_owned),
                window: entry["max_sequence_length"].as_i64().and_then(|n| usize::try_from(n).ok()),
                client: class.rsplit('.').next().unwrap_or(class).to_owned(),
                args: args
                    .filter_map(|(key, value)| {
                        Some((key.as_str()?.to_owned(), value.as_str()?.to_owned()))
                    })
                    .collect(),
                deprecated: entry["deprecated"].as_bool().unwrap_or(false),
            });
        }
        Ok(())
    }

    /// Reads `model_metadata.yaml`: which models there are.
    ///
    /// # Errors
    /// As [`Self::read_deployments`].
    pub fn read_metadata(&mut self, text: &str) -> Result<(), String> {
        let names = list(text, "models")?;
        self.models
            .extend(names.iter().filter_map(|entry| entry["name"].as_str()).map(str::to_owned));
        Ok(())
    }

    /// Reads `tokenizer_configs.yaml`: where tokenizers of Hugging Face are taken from.
    ///
    /// # Errors
    /// As [`Self::read_deployments`].
    pub fn read_tokenizers(&mut self, text: &str) -> Result<(), String> {
        for entry in list(text, "tokenizer_configs")? {
            let path = entry["tokenizer_spec"]["args"]["pretrained_model_name_or_path"].as_str();
            if let (Some(name), Some(path)) = (entry["name"].as_str(), path) {
                self.tokenizers.insert(name.to_owned(), path.to_owned());
            }
        }
        Ok(())
    }

    /// Reads `credentials.conf`.
    ///
    /// # Errors
    /// The line that can't be read; never what stands there.
    pub fn read_credentials(&mut self, text: &str) -> Result<(), String> {
        let root = hocon::parse(text).map_err(|problem| {
            let before = text.get(..problem.offset).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            format!("line {line} can't be read")
        })?;
        let Kind::Object(fields) = root.kind else { return Err("it is no object".to_owned()) };
        for field in fields {
            match field.value.kind {
                Kind::Text(text) => {
                    self.keys.insert(field.key, text.text);
                }
                Kind::Object(inner) if field.key == "deployments" => {
                    add_deployment_keys(&mut self.deployment_keys, "", inner);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The deployment of a name: that of a deployment, or a model's, of which the last that is not deprecated counts, as in HELM.
    pub fn find(&self, name: &str) -> Option<&HelmDeployment> {
        let named = self.deployments.iter().rev().find(|deployment| deployment.name == name);
        named.or_else(|| {
            let of_model = || self.deployments.iter().rev().filter(|found| found.model == name);
            of_model().find(|found| !found.deprecated).or_else(|| of_model().next())
        })
    }

    /// Whether HELM's files name this model without a deployment.
    pub fn knows_model(&self, name: &str) -> bool {
        self.models.contains(name)
    }

    /// How a deployment is written as a model spec. `is_folder` says whether a path is a folder on this machine.
    ///
    /// # Errors
    /// One sentence with a hint, when HELM's client has no counterpart here.
    pub fn spec(
        &self,
        deployment: &HelmDeployment,
        is_folder: &dyn Fn(&str) -> bool,
    ) -> Result<String, String> {
        let argument = |name: &str| deployment.args.get(name).cloned();
        let engine = || {
            let name = deployment.name.split_once('/');
            name.map_or(deployment.name.as_str(), |(_, engine)| engine).to_owned()
        };
        let server = |endpoint: &str, model: String| {
            let address = argument("base_url")
                .or_else(|| self.keys.get(&base_url_key(deployment)).cloned())?;
            Some(format!("{endpoint}+{}#{model}", address.trim_end_matches('/')))
        };
        let client = deployment.client.as_str();
        if client == "HuggingFaceClient" {
            let place = argument("pretrained_model_name_or_path");
            let place = place.unwrap_or_else(|| deployment.model.clone());
            if is_folder(&place) {
                return Ok(format!("path:{place}"));
            }
            let revision = argument("revision").map(|revision| format!("@{revision}"));
            return Ok(format!("hf:{place}{}", revision.unwrap_or_default()));
        }
        if let "VLLMClient" | "VLLMChatClient" = client {
            let endpoint = if client == "VLLMClient" { "completions" } else { "chat" };
            let model = argument("vllm_model_name").unwrap_or_else(engine);
            return server(endpoint, model).ok_or_else(|| {
                format!(
                    "HELM's deployment `{}` has no `base_url`; hint: add it to its `args`",
                    deployment.name
                )
            });
        }
        let Some((_, vendor, renames)) = CLIENTS.iter().find(|(class, _, _)| *class == client)
        else {
            return Err(format!(
                "HELM's deployment `{}` is called by `{client}`, which has no counterpart here; hint: name the model itself, as in \
                 `-m {}=http://host:port/v1#NAME`",
                deployment.name, deployment.model
            ));
        };
        let whole_name = matches!(*vendor, "together" | "openrouter");
        let own = || if whole_name { deployment.model.clone() } else { engine() };
        let model = argument(renames).unwrap_or_else(own);
        let addressed = if *vendor == "openai" { server("chat", model.clone()) } else { None };
        Ok(addressed.unwrap_or_else(|| format!("{vendor}:{model}")))
    }

    /// The key that is meant for this deployment, of its host or its own.
    pub fn key(&self, deployment: &HelmDeployment) -> Option<&str> {
        let of_host = self.keys.get(&format!("{}ApiKey", host(deployment)));
        of_host.or_else(|| self.deployment_keys.get(&deployment.name)).map(String::as_str)
    }

    /// What a variable of the environment would hold, where HELM has it under a name of its own.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let (_, key) = VARIABLES.iter().find(|(variable, _)| *variable == name)?;
        self.keys.get(*key).map(String::as_str)
    }

    /// Where a deployment's tokenizer is taken from, where HELM's files say so.
    pub fn tokenizer_place(&self, deployment: &HelmDeployment) -> Option<&str> {
        self.tokenizers.get(deployment.tokenizer.as_deref()?).map(String::as_str)
    }
}

fn host(deployment: &HelmDeployment) -> &str {
    deployment.name.split('/').next().unwrap_or_default()
}

fn base_url_key(deployment: &HelmDeployment) -> String {
    format!("{}BaseUrl", host(deployment))
}

/// Keys by deployment. An unquoted name with dots is nested in HOCON.
fn add_deployment_keys(keys: &mut BTreeMap<String, String>, before: &str, fields: Vec<Field>) {
    for field in fields {
        let name = if before.is_empty() { field.key } else { format!("{before}.{}", field.key) };
        match field.value.kind {
            Kind::Text(text) => {
                keys.insert(name, text.text);
            }
            Kind::Object(inner) => add_deployment_keys(keys, &name, inner),
            _ => {}
        }
    }
}

fn list(text: &str, key: &str) -> Result<Vec<Yaml>, String> {
    let documents =
        YamlLoader::load_from_str(text).map_err(|error| format!("it is no YAML: {error}"))?;
    let Some(document) = documents.into_iter().next() else { return Ok(Vec::new()) };
    let entries = document[key].as_vec().cloned();
    entries.ok_or_else(|| format!("it has no list `{key}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENTS: &str = r#"
model_deployments:
  - name: huggingface/pythia-70m
    model_name: eleutherai/pythia-70m
    tokenizer_name: EleutherAI/gpt-neox-20b
    max_sequence_length: 2048
    client_spec:
      class_name: "helm.clients.huggingface_client.HuggingFaceClient"
      args:
        pretrained_model_name_or_path: EleutherAI/pythia-70m
        revision: main
  - name: vllm/pythia-70m
    model_name: eleutherai/pythia-70m
    client_spec:
      class_name: "helm.clients.vllm_client.VLLMClient"
      args:
        base_url: http://mymodelserver:8000/v1/
  - name: together/old
    model_name: eleutherai/pythia-70m
    deprecated: true
    client_spec: {class_name: helm.clients.together_client.TogetherClient}
  - name: openai/gpt-4o
    client_spec: {class_name: helm.clients.openai_client.OpenAIClient}
  - name: reka/core
    client_spec: {class_name: helm.clients.reka_client.RekaClient}
"#;

    fn config() -> HelmConfig {
        let mut config = HelmConfig::default();
        config.read_deployments(DEPLOYMENTS).unwrap();
        config
            .read_credentials(
                "openaiApiKey: \"sk-planted\"\ndeployments: {\"vllm/pythia-70m\": k-planted}\n",
            )
            .unwrap();
        config
    }

    #[test]
    fn names_become_specs() {
        let config = config();
        let spec = |name: &str| config.spec(config.find(name).unwrap(), &|_| false);
        assert_eq!(spec("huggingface/pythia-70m").unwrap(), "hf:EleutherAI/pythia-70m@main");
        let local = config.spec(config.find("huggingface/pythia-70m").unwrap(), &|_| true);
        assert_eq!(local.unwrap(), "path:EleutherAI/pythia-70m");
        // The last deployment of a model that is not deprecated.
        let vllm = "completions+http://mymodelserver:8000/v1#pythia-70m";
        assert_eq!(spec("eleutherai/pythia-70m").unwrap(), vllm);
        assert_eq!(spec("openai/gpt-4o").unwrap(), "openai:gpt-4o");
        assert!(spec("reka/core").unwrap_err().contains("RekaClient"));
        assert_eq!(config.find("nobody/nothing"), None);
    }

    #[test]
    fn keys_are_found_and_never_shown() {
        let config = config();
        assert_eq!(config.variable("OPENAI_API_KEY"), Some("sk-planted"));
        assert_eq!(config.variable("PATH"), None);
        assert_eq!(config.key(config.find("vllm/pythia-70m").unwrap()), Some("k-planted"));
        assert!(!format!("{config:?}").contains("planted"));
        let fault = HelmConfig::default().read_credentials("a: 1\nb: [sk-planted").unwrap_err();
        assert!(!fault.contains("planted"), "{fault}");
    }
}
