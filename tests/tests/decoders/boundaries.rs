//! Streams at the bounds of what numbers can be.

use protocol::Framing;

use super::cases::VALUES;

/// Those of this framing.
pub(super) fn boundaries(framing: &Framing) -> Vec<Vec<u8>> {
    let fill = |front: &[u8], bytes: &[u8]| [front, bytes].concat();
    match framing {
        Framing::LengthPrefix(prefix) => {
            let mut front = prefix.magic.to_vec();
            front.resize(prefix.offset as usize, 7);
            let mut streams = Vec::new();
            for field in [
                &[0xff; 12][..],
                &[0x7f; 12],
                &[0x80; 12],
                &[0; 24],
                b"18446744073709551615:x",
                b"99999999999999999999:",
                b"999999999999999999999",
                b"000000000000000000001:a",
                b"0:0:1:x",
                b":",
                b"-1:",
                b"1x",
                b"12",
                b"00000000000000000002\r\nabc",
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\0",
                b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x03",
                b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
                b"\0\0\0\0\0\0\0\x01",
                b"\x01\0\0\0\0\0\0\0abcdef",
                b"\x80\0\0\0\0\0\0\0",
                b"\0\0\0\0\0\0\0\x80",
                b"\xff\xff\xff\xff\xff\xff\xff\x7f",
                b"\x02\0\x02\0\x02\0\x02\0",
                b"\0\x80\0\x80\0\x80",
                b"\x00\x20\x00\x00\x00\x00\x00\x00",
            ] {
                streams.push(fill(&front, field));
            }
            streams
        }
        Framing::Json(_) => {
            let deep = [[b'['; 600], [b']'; 600]].concat();
            let values = VALUES.iter().map(|value| value.as_bytes().to_vec());
            values
                .chain([
                    deep,
                    vec![b'{'; 30],
                    b"\"\xff\"".to_vec(),
                    b"\"a\x7f\"".to_vec(),
                ])
                .collect()
        }
        Framing::Chunked(_) => {
            let line = fill(b"1;", &vec![b'x'; 9000]);
            let section = fill(b"0\r\n", &b"a: b\r\n".repeat(1500));
            let texts: [&[u8]; 8] = [
                &line,
                &section,
                b"0\r\n\r\n",
                b"0;x\r\na: b\r\n\r\n5\r\nhello\r\n",
                b"FFFFFFFFFFFFFFFF\r\n",
                b"00000000000000001\r\n",
                b"1\r\nab\r\n",
                b"1 \t;\n",
            ];
            texts.map(<[u8]>::to_vec).to_vec()
        }
        Framing::Cobs(_) => vec![
            fill(&[255; 255], &[0]),
            fill(&[255; 255], &[1, 0]),
            fill(&[255; 255], &[2, 9, 0]),
            b"\0\0\x01\0\0".to_vec(),
            vec![9; 5000],
        ],
        Framing::ReadyAck(_) => {
            let texts: [&[u8]; 16] = [
                b"0",
                b"-",
                b"-0",
                b"-x",
                b"-12345678901234567890123",
                b"0000000000000000000005\nhello",
                b"00000000000000000000005",
                b"9999999999999999999999",
                b"99999999999999999999999",
                b"18446744073709551616",
                b"\r",
                b"\r\n",
                b"5\r",
                b"5\rx",
                b"5\nhello",
                b"5hello",
            ];
            texts.map(<[u8]>::to_vec).to_vec()
        }
        _ => vec![b"x".repeat(5000)],
    }
}
