//! Tables as tools write them, and what is none.

use std::{io::Write, time::Instant};

use proptest::prelude::*;

use super::*;

fn read_bytes(bytes: &[u8]) -> Result<Vec<(String, String)>, CsvError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    read(file.path(), ["name", "amount"], 1, |[name, amount]| {
        if name == "bad" { Err("it is bad".to_owned()) } else { Ok((name.into(), amount.into())) }
    })
}

fn rows(text: &str) -> Vec<(String, String)> {
    read_bytes(text.as_bytes()).unwrap()
}

fn row(name: &str, amount: &str) -> (String, String) {
    (name.to_owned(), amount.to_owned())
}

/// The line and the reason.
fn refusal(bytes: &[u8]) -> (u64, String) {
    match read_bytes(bytes).unwrap_err() {
        CsvError::Line { line, reason, .. } => (line, reason),
        other => panic!("{other}"),
    }
}

#[test]
fn rows_are_read_in_any_form_that_tools_write() {
    let expected = [row("a", "1"), row("b,\nc", "2"), row("d \"e\"", "")];
    for text in [
        "name,amount\na,1\n\"b,\nc\",2\n\"d \"\"e\"\"\",\n",
        "\u{feff}amount,name\n1,a\n2,\"b,\nc\"\n,\"d \"\"e\"\"\"",
        "\n\n name , amount \n\n a ,\t1\n \"b,\nc\" , \"2\"\n \t\n\"d \"\"e\"\"\",\"\"\n\n",
    ] {
        assert_eq!(rows(text), expected, "{text:?}");
        let dos = text.replace('\n', "\r\n");
        let expected = expected.clone().map(|(name, amount)| (name.replace('\n', "\r\n"), amount));
        assert_eq!(rows(&dos), expected, "{dos:?}");
    }
    assert_eq!(rows("name\ra\rb\r"), [row("a", ""), row("b", "")]);
}

#[test]
fn the_line_is_the_one_that_an_editor_shows() {
    for (body, line) in [
        ("bad,1\n", 2),
        ("a,1\nbad,1\n", 3),
        ("\n\n\nbad,1\n", 5),
        ("a,1\n \n\t\nbad,1", 5),
        ("\"a\nb\n\nc\",1\nbad,1\n", 6),
        ("\"a\nb\",1\n\n\"bad\",\"1\n\"\n", 5),
        ("a,1\n\"bad\",\"x\ny\"\n", 3),
    ] {
        for ends in ["\n", "\r\n", "\r"] {
            let text = format!("name,amount\n{body}").replace('\n', ends);
            assert_eq!(refusal(text.as_bytes()), (line, "it is bad".to_owned()), "{text:?}");
            assert_eq!(refusal(format!("\u{feff}{text}").as_bytes()).0, line, "{text:?}");
        }
    }
}

#[test]
fn what_is_no_table_is_refused_with_its_line() {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    let long = format!("name,amount\n{},1\n", "a".repeat(MAX_FIELD + 1));
    let wide = format!("name,amount\na,1\n{}\n", ",".repeat(1 << 20));
    let marked = [&[0xff, 0xfe][..], &utf16("name,amount\na,1\n")].concat();
    let cases: [(&[u8], u64, &str); 17] = [
        (b"", 1, "expected the columns name and at most amount, each once, got \"\""),
        (b"name;amount\na;1\n", 1, "got \"name;amount\""),
        (b"amount\n1\n", 1, "got \"amount\""),
        (b"name,name\na,b\n", 1, "each once, got \"name,name\""),
        (b"name,size\na,b\n", 1, "got \"name,size\""),
        (b"\n\nname,amount,amount\na,1,2\n", 3, "each once, got \"name,amount,amount\""),
        (b"name,amount\na,1\nb\n", 3, "expected 2 fields, got 1"),
        (b"name,amount\na,1\n\nb,1,\n", 4, "expected 2 fields, got 3"),
        (b"name,amount\na,1\r\nname,amount\r\nb,1\n", 3, "the header stands here again"),
        (b"name,amount\na,1\n\"b,2\nc,3\n", 3, NOT_CLOSED),
        (b"name,amount\na,1\nb,\"1\"0\n", 3, NOT_WHOLE),
        (b"name,amount\na,1\nb\"c\",1\n", 3, NOT_WHOLE),
        (b"name,amount\r\na,1\r\nm\xfcller,1\r\n", 3, "this is not UTF-8"),
        (b"name,amount\r\na,1\r\n\0,1\r\n", 3, "there is a NUL byte"),
        (&marked, 1, "this is UTF-16"),
        (long.as_bytes(), 2, "name: expected at most 1024 bytes, got 1025"),
        (wide.as_bytes(), 3, "there are more fields than columns"),
    ];
    for (bytes, line, reason) in cases {
        let (got, said) = refusal(bytes);
        assert_eq!(got, line, "{said}");
        assert!(said.contains(reason), "{said}");
        assert!(said.len() < 200, "{} bytes", said.len());
    }
    assert!(matches!(read_bytes(b"name,amount\n\n"), Err(CsvError::Empty(_))));
}

#[test]
fn what_has_no_end_is_not_read_to_it() {
    let read = |path: &str| read(Path::new(path), ["name"], 0, |_| Ok(()));
    assert!(matches!(read("/dev/zero"), Err(CsvError::TooLong(_))));
    assert!(matches!(read("/nowhere.csv"), Err(CsvError::Unreadable { .. })));
    assert!(matches!(read("/"), Err(CsvError::Unreadable { .. })));
    let many = format!("name\n{}", "a\n".repeat(MAX_ROWS + 1));
    assert!(matches!(read_bytes(many.as_bytes()), Err(CsvError::TooLong(_))));
    assert_eq!(rows(&many[..many.len() - 2]).len(), MAX_ROWS);
}

#[test]
fn time_grows_with_the_file_alone() {
    let started = Instant::now();
    let marks = format!("name,amount\n{}", "\"a\"\"b\",1\n\n".repeat(100_000));
    assert_eq!(rows(&marks).len(), 100_000);
    let doubled = format!("name\n\"{}\"\n", "\"\"".repeat(1 << 20));
    assert!(refusal(doubled.as_bytes()).1.contains("expected at most 1024 bytes"));
    // A hundredth of a second each; minutes, if what is left were read again for each row.
    assert!(started.elapsed().as_secs() < 20);
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes: Vec<u8>) {
        let _ = read_bytes(&[b"name,amount\n", &bytes[..]].concat());
    }

    #[test]
    fn nor_does_a_text_of_the_marks_that_count(text in "[\",\r\n a1]{0,40}") {
        let _ = read_bytes(format!("name,amount\n{text}").as_bytes());
    }

    #[test]
    fn what_a_library_writes_is_read(names in prop::collection::vec("[a-z \",\r\n\\PC]{1,10}", 1..20)) {
        let names: Vec<_> = names.iter().map(|name| name.trim().replace('\0', "")).collect();
        prop_assume!(names.iter().all(|name| !name.is_empty() && name != "bad" && name != "name"));
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(["name", "amount"]).unwrap();
        names.iter().for_each(|name| writer.write_record([name, "1"]).unwrap());
        let read = read_bytes(&writer.into_inner().unwrap()).unwrap();
        prop_assert_eq!(read.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), names);
    }
}
