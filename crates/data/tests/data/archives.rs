//! Archives, friendly and hostile.

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use holometer_data::{DataError, Limits, read};
use zip::write::SimpleFileOptions;

fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A tar archive, written by hand where the library would refuse the name.
fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

const MEMBERS: [(&str, &[u8]); 3] =
    [("data/b.txt", b"second"), ("data/a.txt", b"first"), ("README", b"read me")];

#[test]
fn members_are_read_from_every_kind_of_archive() {
    let folder = tempfile::tempdir().unwrap();
    let tar = tar_of(&MEMBERS);
    let archives = [
        write(folder.path(), "a.zip", &zip_of(&MEMBERS)),
        write(folder.path(), "a.tar", &tar),
        write(folder.path(), "a.tgz", &gzip(&tar)),
        write(folder.path(), "a.tar.zst", &zstd::encode_all(&tar[..], 3).unwrap()),
        write(folder.path(), "no-extension", &zip_of(&MEMBERS)),
    ];
    for path in &archives {
        assert_eq!(read::archive_names(path).unwrap(), ["data/b.txt", "data/a.txt", "README"]);
        assert_eq!(read::archive_member(path, "data/a.txt").unwrap(), b"first");
        let members = read::archive_members(path, "data/").unwrap();
        let expected = [("data/b.txt", "second"), ("data/a.txt", "first")];
        let expected: Vec<_> =
            expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into();
        assert_eq!(members, expected);
        assert_eq!(read::archive_members(path, "*.txt").unwrap(), expected);
        let error = read::archive_member(path, "data/c.txt").unwrap_err();
        assert!(
            error.to_string().ends_with("hint: it has `data/b.txt`, `data/a.txt`, `README`"),
            "{error}"
        );
    }
}

#[test]
fn names_that_leave_their_folder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "a\\..\\..\\evil"] {
        for (kind, content) in [("zip", zip_of(&[(name, b"x")])), ("tar", tar_of(&[(name, b"x")]))]
        {
            let path = write(folder.path(), "archive", &content);
            for outcome in [
                read::archive_members(&path, "").map(|_| ()),
                read::archive_names(&path).map(|_| ()),
                read::archive_member(&path, name).map(|_| ()),
            ] {
                let error = outcome.unwrap_err();
                assert!(matches!(error, DataError::UnsafeMember { .. }), "{kind} {name}: {error}");
            }
        }
    }
}

#[test]
fn links_inside_archives_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let secret = write(folder.path(), "secret", b"secret");
    let mut builder = tar::Builder::new(Vec::new());
    for kind in [tar::EntryType::Symlink, tar::EntryType::Link] {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        builder.append_link(&mut header, "link", &secret).unwrap();
    }
    let path = write(folder.path(), "a.tar", &builder.into_inner().unwrap());
    assert!(read::archive_members(&path, "").unwrap().is_empty());

    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.add_symlink("link", secret.to_str().unwrap(), SimpleFileOptions::default()).unwrap();
    let path = write(folder.path(), "a.zip", &writer.finish().unwrap().into_inner());
    let members = read::archive_members(&path, "").unwrap();
    assert!(members.iter().all(|(_, content)| content != b"secret"));
}

#[test]
fn bombs_are_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0u8; 80 << 20];
    let gz = write(folder.path(), "bomb.jsonl.gz", &gzip(&zeros));
    let zst = write(folder.path(), "bomb.zst", &zstd::encode_all(&zeros[..], 3).unwrap());
    for path in [&gz, &zst] {
        let error = read::bytes(path).unwrap_err();
        assert!(matches!(error, DataError::Bomb { .. }), "{error}");
    }
    let error = read::jsonl(&gz).unwrap_err();
    assert!(matches!(error, DataError::Bomb { .. }), "{error}");
    let zip = write(folder.path(), "bomb.zip", &zip_of(&[("zeros", &zeros)]));
    let tar = write(folder.path(), "bomb.tar.gz", &gzip(&tar_of(&[("zeros", &zeros)])));
    for path in [&zip, &tar] {
        let error = read::archive_member(path, "zeros").unwrap_err();
        assert!(matches!(error, DataError::Bomb { .. }), "{error}");
    }
    let patient = Limits { max_ratio: u64::MAX, ..Limits::default() };
    let whole = read::archive_member_within(&zip, "zeros", &patient).unwrap();
    assert_eq!(whole.len(), zeros.len());
}

/// Passing over large members costs time alone.
#[test]
fn members_that_are_not_read_may_be_larger_than_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<u8> =
        (0..100_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let members = [("large", &noise[..]), ("small", b"kept")];
    let limits = Limits { max_total_bytes: 10_000, ..Limits::default() };
    for (name, content) in [("a.zip", zip_of(&members)), ("a.tar.gz", gzip(&tar_of(&members)))] {
        let path = write(folder.path(), name, &content);
        assert_eq!(read::archive_member_within(&path, "small", &limits).unwrap(), b"kept");
        let error = read::archive_member_within(&path, "large", &limits).unwrap_err();
        assert!(matches!(error, DataError::Bomb { .. }), "{name}: {error}");
    }
}

#[test]
fn a_size_in_a_header_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0u8; 80 << 20];
    let mut content = zip_of(&[("zeros", &zeros)]);
    // The uncompressed size stands at byte 22 of the local header and 24 of the central one.
    let central = content.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    for at in [22, central + 24] {
        content[at..at + 4].copy_from_slice(&100u32.to_le_bytes());
    }
    let path = write(folder.path(), "liar.zip", &content);
    let error = read::archive_member(&path, "zeros").unwrap_err();
    assert!(matches!(error, DataError::Bomb { .. } | DataError::Damaged { .. }), "{error}");
}

#[test]
fn limits_hold_for_members_together_and_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let members = [("a", &[7u8; 1000][..]), ("b", &[7u8; 1000]), ("c", &[7u8; 1000])];
    for (name, content) in [("a.zip", zip_of(&members)), ("a.tar.gz", gzip(&tar_of(&members)))] {
        let path = write(folder.path(), name, &content);
        let few = Limits { max_members: 2, ..Limits::default() };
        let error = read::archive_member_within(&path, "a", &few).unwrap_err();
        assert!(matches!(error, DataError::Bomb { .. }), "{name}: {error}");
        let small = Limits { max_bytes: 999, ..Limits::default() };
        let error = read::archive_member_within(&path, "a", &small).unwrap_err();
        assert!(matches!(error, DataError::Bomb { .. }), "{name}: {error}");
    }
}

#[test]
fn truncated_archives_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let long: Vec<u8> = (0..100_000u32).flat_map(u32::to_le_bytes).collect();
    for content in [zip_of(&[("a", &long)]), gzip(&tar_of(&[("a", &long)])), gzip(&long)] {
        let path = write(folder.path(), "cut", &content[..content.len() / 2]);
        let error = read::archive_member(&path, "a").unwrap_err();
        assert!(matches!(error, DataError::Damaged { .. } | DataError::NoMember { .. }), "{error}");
    }
    let path = write(folder.path(), "cut.gz", &gzip(&long)[..1000]);
    assert!(matches!(read::bytes(&path), Err(DataError::Damaged { .. })));
}
