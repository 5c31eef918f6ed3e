//! Names to numbers: from a [`ParsedCall`] to the [`Call`] that a process runs.
//!
//! Arithmetic is that of C's `unsigned long`: 64 bits, wrapping. A number that is too large for
//! its parameter loses its high bits, as it does on the way into the kernel (`int fd`).

use super::names::{Wants, nearest_constant};
use super::{Arg, CallName, Diagnostic, ParsedCall, Span, Step, Text, Value};
use crate::call::{Call, StoreValue, Width};

/// Gives the call in numbers; `names` knows what the lines above have bound.
///
/// # Errors
///
/// The number of arguments does not fit; a name is not known; a string stands where a number
/// belongs, or the other way round; the size of a load or store is none.
pub fn resolve(
    call: &ParsedCall,
    names: &impl Fn(&str) -> Option<u64>,
) -> Result<Call, Diagnostic> {
    let required = call.name.required();
    let most = required.len() + call.name.optional().len();
    if !(required.len()..=most).contains(&call.args.len()) {
        return Err(call.diagnostic(call.span, arity_message(call.name, call.args.len())));
    }
    let read = Reader { call, names };
    Ok(match call.name {
        CallName::Mmap => Call::Mmap {
            addr: read.number(0)?,
            length: read.number(1)?,
            prot: read.number(2)?,
            flags: read.number(3)?,
            fd: read.number(4)? as i32,
            offset: read.number(5)?,
        },
        CallName::Munmap => Call::Munmap { addr: read.number(0)?, length: read.number(1)? },
        CallName::Mprotect => {
            Call::Mprotect { addr: read.number(0)?, len: read.number(1)?, prot: read.number(2)? }
        }
        CallName::Mremap => Call::Mremap {
            old_address: read.number(0)?,
            old_size: read.number(1)?,
            new_size: read.number(2)?,
            flags: read.number(3)?,
            new_address: read.number_or(4, 0)?,
        },
        CallName::Madvise => Call::Madvise {
            addr: read.number(0)?,
            length: read.number(1)?,
            advice: read.number(2)? as i32,
        },
        CallName::Msync => {
            Call::Msync { addr: read.number(0)?, length: read.number(1)?, flags: read.number(2)? }
        }
        CallName::Brk => Call::Brk { addr: read.number(0)? },
        CallName::Open => Call::Open {
            path: read.string(0)?,
            flags: read.number(1)?,
            mode: read.number_or(2, 0)? as u32,
        },
        CallName::Openat => Call::Openat {
            dirfd: read.number(0)? as i32,
            path: read.string(1)?,
            flags: read.number(2)?,
            mode: read.number_or(3, 0)? as u32,
        },
        CallName::MemfdCreate => {
            Call::MemfdCreate { name: read.string(0)?, flags: read.number(1)? }
        }
        CallName::Close => Call::Close { fd: read.number(0)? as i32 },
        CallName::Ftruncate => {
            Call::Ftruncate { fd: read.number(0)? as i32, length: read.number(1)? as i64 }
        }
        CallName::Pwrite64 => Call::Pwrite64 {
            fd: read.number(0)? as i32,
            data: read.text(1)?.bytes.clone(),
            count: read.number(2)?,
            offset: read.number(3)? as i64,
        },
        CallName::Pread64 => Call::Pread64 {
            fd: read.number(0)? as i32,
            count: read.number(2)?,
            offset: read.number(3)? as i64,
        },
        CallName::Load => Call::Load { addr: read.number(0)?, width: read.width(1)? },
        CallName::Store => Call::Store { addr: read.number(0)?, value: read.store_value()? },
        CallName::Fetch => Call::Fetch { addr: read.number(0)? },
        CallName::Memset => Call::Memset {
            addr: read.number(0)?,
            byte: read.number(1)? as u8,
            length: read.number(2)?,
        },
        CallName::Memcpy => {
            Call::Memcpy { dst: read.number(0)?, src: read.number(1)?, length: read.number(2)? }
        }
        CallName::Malloc => Call::Malloc { size: read.number(0)? },
        CallName::Calloc => Call::Calloc { nmemb: read.number(0)?, size: read.number(1)? },
        CallName::Realloc => Call::Realloc { ptr: read.number(0)?, size: read.number(1)? },
        CallName::Free => Call::Free { ptr: read.number(0)? },
    })
}

/// `munmap takes 2 arguments: addr, length (1 given)`
fn arity_message(name: CallName, given: usize) -> String {
    let required = name.required().len();
    let count = match name.optional().len() {
        0 if required == 1 => "1 argument".to_owned(),
        0 => format!("{required} arguments"),
        more => format!("{required} to {} arguments", required + more).replace(
            &format!("{required} to {}", required + 1),
            &format!("{required} or {}", required + 1),
        ),
    };
    format!("{} takes {count}: {} ({given} given)", name.name(), name.parameters())
}

/// Reads arguments by their index; the number of arguments has been checked.
struct Reader<'a, N> {
    call: &'a ParsedCall,
    names: &'a N,
}

impl<N: Fn(&str) -> Option<u64>> Reader<'_, N> {
    fn number(&self, index: usize) -> Result<u64, Diagnostic> {
        let Arg { value, span } = &self.call.args[index];
        match value {
            Value::Number(number) => Ok(*number),
            Value::Descriptor(descriptor) => Ok(descriptor.number),
            Value::Formula(formula) => evaluate(&formula.steps, self.names)
                .map_err(|(name, span)| self.call.diagnostic(span, unknown_name(name))),
            Value::Text(_) => self.fault(index, *span, "a number, not a string"),
        }
    }

    fn number_or(&self, index: usize, default: u64) -> Result<u64, Diagnostic> {
        if index < self.call.args.len() { self.number(index) } else { Ok(default) }
    }

    fn text(&self, index: usize) -> Result<&Text, Diagnostic> {
        match &self.call.args[index] {
            Arg { value: Value::Text(text), .. } => Ok(text),
            Arg { span, .. } => self.fault(index, *span, "a string in quotes"),
        }
    }

    fn string(&self, index: usize) -> Result<String, Diagnostic> {
        Ok(String::from_utf8_lossy(&self.text(index)?.bytes).into_owned())
    }

    fn width(&self, index: usize) -> Result<Width, Diagnostic> {
        match Width::from_bytes(self.number_or(index, 1)?) {
            Some(width) => Ok(width),
            None => self.fault(index, self.call.args[index].span, "1, 2, 4 or 8"),
        }
    }

    /// A string stores its bytes; a size beside it may only cut it short, or take C's final zero.
    fn store_value(&self) -> Result<StoreValue, Diagnostic> {
        let Value::Text(text) = &self.call.args[1].value else {
            return Ok(StoreValue::Number(self.number(1)?, self.width(2)?));
        };
        let mut bytes = text.bytes.clone();
        let size = self.number_or(2, bytes.len() as u64)?;
        if size > bytes.len() as u64 + 1 {
            let expected = format!("at most the string's length, {}", bytes.len());
            return self.fault(2, self.call.args[2].span, &expected);
        }
        bytes.resize(size as usize, 0);
        Ok(StoreValue::Bytes(bytes))
    }

    fn fault<T>(&self, index: usize, span: Span, expected: &str) -> Result<T, Diagnostic> {
        let name = self.call.name;
        let mut parameters = name.required().iter().chain(name.optional());
        let parameter = parameters.nth(index).copied().unwrap_or("argument");
        let message = format!("expected {expected}, as the {parameter} of {}", name.name());
        Err(self.call.diagnostic(span, message))
    }
}

fn unknown_name(name: &str) -> String {
    let short: String = name.chars().take(40).collect();
    match nearest_constant(name) {
        Some(near) => format!("`{short}` is not known; did you mean {near}?"),
        None => format!(
            "`{short}` is not known: expected a number, a flag, or a name that a line above binds"
        ),
    }
}

/// Computes a formula; fails at the first name that is not known.
pub(super) fn evaluate<'a>(
    steps: &'a [Step],
    names: &dyn Fn(&str) -> Option<u64>,
) -> Result<u64, (&'a str, Span)> {
    let mut stack: Vec<u64> = Vec::with_capacity(steps.len());
    for step in steps {
        // The grammar puts operands in front of each operator.
        let mut pop = || stack.pop().unwrap_or(0);
        let value = match step {
            Step::Number(number) => *number,
            Step::Name(name, span) => names(name).ok_or((&**name, *span))?,
            Step::Negate => pop().wrapping_neg(),
            operator => {
                let (right, left) = (pop(), pop());
                match operator {
                    Step::Add => left.wrapping_add(right),
                    Step::Subtract => left.wrapping_sub(right),
                    Step::Multiply => left.wrapping_mul(right),
                    Step::ShiftLeft => {
                        u32::try_from(right).map_or(0, |by| left.checked_shl(by).unwrap_or(0))
                    }
                    _ => left | right,
                }
            }
        };
        stack.push(value);
    }
    Ok(stack.pop().unwrap_or(0))
}

/// Whether the text of a call is not in a log: a pointer is printed where a string would be, or
/// the other way round.
pub(super) fn lacks_text(name: CallName, args: &[Arg]) -> bool {
    args.iter().enumerate().any(|(index, arg)| match name.wants(index) {
        Wants::Number => matches!(arg.value, Value::Text(_)),
        Wants::Text => !matches!(arg.value, Value::Text(_)),
        Wants::Any => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Script, Statement};

    fn first(text: &str) -> Result<Call, Diagnostic> {
        let script = Script::parse(text);
        assert_eq!(script.diagnostics, [], "{text}");
        let Statement::Call(call) = &script.lines[0].statement else { panic!("{text}") };
        resolve(call, &|name| match name {
            "p" => Some(0x1000),
            _ => None,
        })
    }

    #[test]
    fn calls_become_numbers() {
        for (text, expected) in [
            (
                "mmap(NULL, 2*PAGE_SIZE, PROT_READ, MAP_PRIVATE|MAP_ANON, -1, 0)",
                Call::Mmap { addr: 0, length: 8192, prot: 1, flags: 0x22, fd: -1, offset: 0 },
            ),
            ("munmap(p - 1, -4096)", Call::Munmap { addr: 0xfff, length: 0u64.wrapping_sub(4096) }),
            ("close(4294967295)", Call::Close { fd: -1 }),
            ("madvise(p, 1, 0xffffffff)", Call::Madvise { addr: 0x1000, length: 1, advice: -1 }),
            ("ftruncate(3, 18446744073709551615)", Call::Ftruncate { fd: 3, length: -1 }),
            (
                "openat(AT_FDCWD</x>, \"f\", O_RDWR|O_CREAT, 0600)",
                Call::Openat { dirfd: -100, path: "f".into(), flags: 0o102, mode: 0o600 },
            ),
            ("open(\"f\", 0)", Call::Open { path: "f".into(), flags: 0, mode: 0 }),
            ("load(p)", Call::Load { addr: 0x1000, width: Width::One }),
            ("load(p, 8)", Call::Load { addr: 0x1000, width: Width::Eight }),
            (
                "store(p, 0x1234, 2)",
                Call::Store { addr: 0x1000, value: StoreValue::Number(0x1234, Width::Two) },
            ),
            (
                "store(p, 65)",
                Call::Store { addr: 0x1000, value: StoreValue::Number(65, Width::One) },
            ),
            (
                "store(p, \"abc\")",
                Call::Store { addr: 0x1000, value: StoreValue::Bytes(b"abc".into()) },
            ),
            (
                "store(p, \"abc\", 4)",
                Call::Store { addr: 0x1000, value: StoreValue::Bytes(b"abc\0".into()) },
            ),
            (
                "pwrite64(3, \"ab\"..., 40, -1)",
                Call::Pwrite64 { fd: 3, data: b"ab".into(), count: 40, offset: -1 },
            ),
            ("pread64(3, 0x7ffe, 5, 1)", Call::Pread64 { fd: 3, count: 5, offset: 1 }),
            ("memset(p, -1, 3)", Call::Memset { addr: 0x1000, byte: 0xff, length: 3 }),
            (
                "mremap(p, 1, 2, MREMAP_MAYMOVE)",
                Call::Mremap {
                    old_address: 0x1000,
                    old_size: 1,
                    new_size: 2,
                    flags: 1,
                    new_address: 0,
                },
            ),
            ("brk(1 << 64)", Call::Brk { addr: 0 }),
        ] {
            assert_eq!(first(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_say_what_was_expected() {
        for (text, column, message) in [
            ("munmap(p)", 1, "munmap takes 2 arguments: addr, length (1 given)"),
            ("brk()", 1, "brk takes 1 argument: addr (0 given)"),
            ("p = open(\"f\")", 5, "open takes 2 or 3 arguments: path, flags[, mode] (1 given)"),
            (
                "munmap(q, 1)",
                8,
                "`q` is not known: expected a number, a flag, or a name that a line above binds",
            ),
            ("mprotect(p, 1, PROT_REED)", 16, "`PROT_REED` is not known; did you mean PROT_READ?"),
            ("load(p, 3)", 9, "expected 1, 2, 4 or 8, as the size of load"),
            ("munmap(\"p\", 1)", 8, "expected a number, not a string, as the addr of munmap"),
            ("open(p, 1)", 6, "expected a string in quotes, as the path of open"),
            (
                "store(p, \"ab\", 9)",
                16,
                "expected at most the string's length, 2, as the size of store",
            ),
        ] {
            let fault = first(text).unwrap_err();
            assert_eq!((fault.column, fault.message.as_str()), (column, message), "{text}");
        }
    }
}
