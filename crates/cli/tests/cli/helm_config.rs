//! HELM's own configuration of models, where a user has it.

use std::fs;

use crate::common;

#[test]
fn models_are_named_as_in_helm() {
    let Some(shared) = holometer_testkit::shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let folder = common::model_folder(home.path(), &shared, "smollm2-hf-512");
    let helm = home.path().join("prod_env");
    fs::create_dir(&helm).unwrap();
    let deployments = format!(
        "model_deployments:\n  - name: mine/small\n    model_name: acme/small\n    max_sequence_length: 300\n    client_spec:\n      \
         class_name: \"helm.clients.huggingface_client.HuggingFaceClient\"\n      args:\n        pretrained_model_name_or_path: {}\n  \
         - name: reka/core\n    client_spec: {{class_name: helm.clients.reka_client.RekaClient}}\n",
        folder.display()
    );
    fs::write(helm.join("model_deployments.yaml"), deployments).unwrap();
    fs::write(helm.join("model_metadata.yaml"), "models:\n  - name: acme/large\n").unwrap();
    fs::write(helm.join("credentials.conf"), "openaiApiKey: \"sk-planted\"\n").unwrap();
    let plan = |model: &str| {
        common::run(
            home.path(),
            &["plan", "--offline", "-n", "2", "-e", "simple_mcqa", "-m", model],
        )
    };
    for name in ["acme/small", "mine/small"] {
        let output = plan(name);
        assert!(output.status.success(), "{}", common::stderr(&output));
        assert!(common::stdout(&output).contains("simple_mcqa:model=acme_small"), "{name}");
        assert!(common::stderr(&output).contains("HELM's deployment mine/small is path:"));
    }
    for (name, reason) in [("reka/core", "RekaClient"), ("acme/large", "no deployment of it")] {
        let output = plan(name);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(common::stderr(&output).contains(reason), "{}", common::stderr(&output));
        assert!(!common::stderr(&output).contains("planted"));
    }
    fs::write(helm.join("credentials.conf"), "openaiApiKey: [\"sk-planted\"\n").unwrap();
    let output = plan("acme/small");
    assert_eq!(output.status.code(), Some(2));
    let message = common::stderr(&output);
    assert!(message.contains("credentials.conf") && message.contains("line"), "{message}");
    assert!(!message.contains("planted"), "{message}");
}
