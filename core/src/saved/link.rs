//! A saved session, or another text, as letters for the fragment of a link: compressed (zlib), in
//! base64 with the alphabet for addresses.

use super::{Saved, SavedError};
use crate::limits::LINKED_BYTES;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::io::{Read, Write};

/// Packs it for a link. The result may be longer than [`LINK_LETTERS`](crate::limits::LINK_LETTERS).
pub fn to_link(saved: &Saved) -> String {
    text_to_link(&saved.to_text())
}

/// Packs a text (a lesson, say) for a link. The result may be longer than [`LINK_LETTERS`](crate::limits::LINK_LETTERS).
pub fn text_to_link(text: &str) -> String {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing into memory does not fail.
    let _ = packed.write_all(text.as_bytes());
    URL_SAFE_NO_PAD.encode(packed.finish().unwrap_or_default())
}

/// Unpacks what [`to_link`] packed.
///
/// # Errors
///
/// The link is cut, altered, or holds too much; what is in it is no session of this version.
pub fn from_link(letters: &str) -> Result<Saved, SavedError> {
    Saved::from_text(&text_from_link(letters)?)
}

/// Unpacks what [`text_to_link`] packed.
///
/// # Errors
///
/// The link is cut, altered, or holds too much or no text.
pub fn text_from_link(letters: &str) -> Result<String, SavedError> {
    let damaged = |what: &str| SavedError::Damaged(what.to_owned());
    let packed = URL_SAFE_NO_PAD.decode(letters.trim());
    let packed = packed.map_err(|_| damaged("not all of its letters are those of a link"))?;
    let mut bytes = Vec::new();
    let mut unpacked = ZlibDecoder::new(&packed[..]).take(LINKED_BYTES as u64 + 1);
    unpacked.read_to_end(&mut bytes).map_err(|_| damaged("its end is missing"))?;
    if bytes.len() > LINKED_BYTES {
        return Err(SavedError::too_long(LINKED_BYTES));
    }
    String::from_utf8(bytes).map_err(|_| damaged("it holds no text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Machine;
    use crate::session::Session;

    fn saved() -> Saved {
        let mut session = Session::new(Machine::default());
        session.run("a = malloc(8)\nfree(a)");
        Saved::of(&session)
    }

    #[test]
    fn a_link_holds_it_all() {
        let link = to_link(&saved());
        assert!(link.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_'));
        assert_eq!(from_link(&link), Ok(saved()));
    }

    #[test]
    fn any_text_fits_into_a_link() {
        let text = "# lesson: äöü\n\nbrk(NULL)\n";
        assert_eq!(text_from_link(&text_to_link(text)).as_deref(), Ok(text));
        assert!(from_link(&text_to_link(text)).is_err(), "a lesson is no session");
    }

    #[test]
    fn a_cut_or_altered_link_is_told() {
        let link = to_link(&saved());
        for end in 0..link.len() {
            assert!(from_link(&link[..end]).is_err(), "{end}");
        }
        for at in 0..link.len() {
            let mut altered = link.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).unwrap();
            assert!(from_link(&altered) != Ok(saved()) || altered == link, "{at}");
        }
        assert!(from_link("!").is_err() && from_link("ä").is_err());
    }

    #[test]
    fn a_link_that_unpacks_to_too_much_is_told() {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        let chunk = vec![b' '; 1 << 20];
        for _ in 0..33 {
            packed.write_all(&chunk).unwrap();
        }
        let link = URL_SAFE_NO_PAD.encode(packed.finish().unwrap());
        assert_eq!(from_link(&link), Err(SavedError::TooMuch("32 MiB".to_owned())));
    }
}
