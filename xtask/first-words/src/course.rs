//! As much of a chapter.toml as the first words need. The command line reads it with a TOML parser; this knows the two
//! shapes of a value that stand there, and tells nothing where it finds another.

use std::{fs, path::Path};

pub struct Chapter {
    pub number: String,
    pub package: String,
    pub title: String,
    pub era: String,
    pub minutes: String,
    pub incident: String,
    pub question: String,
}

/// The chapter that `check` is asked for, as 1, 01 or monolith; the first, when it is asked for none.
pub fn asked_for(root: &Path, words: &[&str]) -> Option<Chapter> {
    let ("check", options) = words.split_first().map(|(first, rest)| (*first, rest))? else { return None };
    // Whatever else is to be checked, or asked, is for the command line to understand.
    if options.iter().any(|word| ["--help", "-h", "--solution", "--path", "--program"].contains(word)) {
        return None;
    }
    let asked = options.first().filter(|word| !word.starts_with('-')).copied();
    let course = root.join("checker/course");
    let mut folders: Vec<_> = fs::read_dir(&course).ok()?.flatten().map(|entry| entry.file_name()).collect();
    folders.sort();
    let folder = folders.iter().filter_map(|name| name.to_str()).find(|name| is_asked(name, asked))?;
    let text = fs::read_to_string(course.join(folder).join("chapter.toml")).ok()?;
    let value = |key: &str| value(&text, key);
    Some(Chapter {
        number: folder.split('-').next()?.to_owned(),
        package: format!("ch{folder}"),
        title: value("title")?,
        era: value("era")?,
        minutes: value("minutes")?,
        incident: value("incident")?,
        question: value("question")?,
    })
}

fn is_asked(folder: &str, asked: Option<&str>) -> bool {
    let Some((number, slug)) = folder.split_once('-') else { return false };
    asked.is_none_or(|asked| asked == slug || (number.parse::<u32>().is_ok() && number.parse::<u32>() == asked.parse()))
}

/// `key = "…"`, `key = 45`, or `key = """` and lines until the next `"""`.
fn value(text: &str, key: &str) -> Option<String> {
    let mut lines = text.lines();
    let rest = lines.find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?.trim();
    if rest == r#"""""# {
        let block: Vec<_> = lines.take_while(|line| *line != r#"""""#).collect();
        return Some(block.join("\n"));
    }
    let plain = rest.trim_matches('"');
    // An escape is for somebody who reads TOML.
    (!plain.contains('\\')).then(|| plain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn every_chapter_can_be_told() {
        let course = fs::read_dir(root().join("checker/course")).unwrap();
        let folders: Vec<_> = course.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(!folders.is_empty());
        for folder in folders {
            let slug = folder.split_once('-').unwrap().1;
            let chapter = asked_for(&root(), &["check", slug]).unwrap_or_else(|| panic!("{folder} is not told"));
            assert_eq!(chapter.package, format!("ch{folder}"));
            assert!(chapter.minutes.parse::<u32>().is_ok() && chapter.incident.lines().count() > 3, "{folder}");
            assert!(chapter.question.len() > 20 && !chapter.title.is_empty() && !chapter.era.is_empty(), "{folder}");
        }
    }

    #[test]
    fn a_chapter_has_several_names() {
        for words in [&["check", "1"][..], &["check", "01", "--plain"], &["check", "monolith"], &["check"]] {
            assert_eq!(asked_for(&root(), words).map(|chapter| chapter.number), Some("01".to_owned()), "{words:?}");
        }
        for words in [&["check", "99"][..], &["check", "01", "--solution"], &["check", "--help"], &["list"], &[]] {
            assert!(asked_for(&root(), words).is_none(), "{words:?}");
        }
    }
}
