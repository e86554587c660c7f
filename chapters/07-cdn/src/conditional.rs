//! Questions of somebody who has a copy already: is it still right? (RFC 9110, section 13.)

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether the asker has what is tagged like this: then a 304 is enough. A list of tags, weak ones and `*` count.
pub fn has_it(asker: &HeaderMap, tag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Ok(tag) = tag.to_str().map(opaque) else {
        return false;
    };
    asker
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|list| list.to_str().ok())
        // A comma in a tag would break it in two, and both halves match nothing: a whole answer is right as well.
        .flat_map(|list| list.split(','))
        .any(|one| one.trim() == "*" || opaque(one) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_tag_of_the_list_will_do() {
        let asks = |tags: &str| HeaderMap::from_iter([(header::IF_NONE_MATCH, tags.parse().unwrap())]);
        let tag = HeaderValue::from_static("\"a\"");
        for known in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(has_it(&asks(known), &tag), "{known}");
        }
        for unknown in ["\"b\"", "a", "", "\"A\""] {
            assert!(!has_it(&asks(unknown), &tag), "{unknown}");
        }
        assert!(!has_it(&HeaderMap::new(), &tag));
    }
}
