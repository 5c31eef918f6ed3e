//! Any letters as the fragment of a link, and any bytes packed in one.

use crate::lossy;
use crate::model::saved::{from_link, text_from_link, text_to_link};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Letters are told or unpacked, and what was packed comes back.
pub(crate) fn run(bytes: &[u8]) {
    let text = lossy(bytes);
    let _ = from_link(&text);
    if let Ok(found) = text_from_link(&text) {
        assert_eq!(text_from_link(&text_to_link(&found)).as_ref(), Ok(&found));
    }
    let _ = text_from_link(&URL_SAFE_NO_PAD.encode(bytes));
    if bytes.first().is_some_and(|byte| byte.is_multiple_of(8)) {
        assert_eq!(text_from_link(&text_to_link(&text)).as_deref(), Ok(&*text));
    }
}
