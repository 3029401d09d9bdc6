//! Conversations as the vendors that are not OpenAI want them.

use holometer_core::{ChatMessage, Prompt, Role};

/// A prompt as instructions, and turns in which nobody speaks twice in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conversation {
    /// The operator's instructions; empty where there are none.
    pub(crate) system: String,
    /// The turns, by turns of the person and of the model.
    pub(crate) turns: Vec<ChatMessage>,
}

/// What joins neighbouring messages of the same speaker.
const BETWEEN: &str = "\n\n";

/// Plain text is one message of the person; neighbouring messages of one speaker become one.
pub(crate) fn conversation(prompt: &Prompt) -> Conversation {
    let mut system = String::new();
    let mut turns: Vec<ChatMessage> = Vec::new();
    let messages = match prompt {
        Prompt::Text(text) => &vec![ChatMessage { role: Role::User, content: text.clone() }],
        Prompt::Chat(messages) => messages,
    };
    for message in messages {
        match (message.role, turns.last_mut()) {
            (Role::System, _) => append(&mut system, &message.content),
            (role, Some(last)) if last.role == role => append(&mut last.content, &message.content),
            _ => turns.push(message.clone()),
        }
    }
    Conversation { system, turns }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() {
        text.push_str(BETWEEN);
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_alternate() {
        let say = |role, content: &str| ChatMessage { role, content: content.into() };
        let prompt = Prompt::Chat(vec![
            say(Role::System, "s1"),
            say(Role::User, "u1"),
            say(Role::User, "u2"),
            say(Role::System, "s2"),
            say(Role::Assistant, "a"),
        ]);
        let expected = Conversation {
            system: "s1\n\ns2".into(),
            turns: vec![say(Role::User, "u1\n\nu2"), say(Role::Assistant, "a")],
        };
        assert_eq!(conversation(&prompt), expected);
    }
}
