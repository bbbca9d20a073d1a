//! Checksums behind a message.

use crc::{CRC_16_IBM_3740, CRC_16_MODBUS, CRC_32_ISO_HDLC, Crc};

use crate::framing::table::words;

words! {
    /// How the bytes behind a message are computed from what is before them.
    #[derive(Default)]
    pub enum Checksum {
        /// They are not: any bytes are taken.
        #[default]
        None = "none",
        /// The sum of all bytes, modulo 256.
        Sum8 = "sum8",
        /// All bytes combined by exclusive or.
        Xor8 = "xor8",
        /// CRC-16/MODBUS, as Modbus RTU has it.
        Crc16Modbus = "crc16-modbus",
        /// CRC-16/CCITT-FALSE, which the CRC catalogue calls CRC-16/IBM-3740.
        Crc16CcittFalse = "crc16-ccitt-false",
        /// CRC-32/ISO-HDLC, as Ethernet, zip and PNG have it.
        Crc32 = "crc32",
    }
}

static MODBUS: Crc<u16> = Crc::<u16>::new(&CRC_16_MODBUS);
static CCITT_FALSE: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);
static ISO_HDLC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

impl Checksum {
    /// Bytes that it takes.
    pub const fn width(self) -> usize {
        match self {
            Self::None => 0,
            Self::Sum8 | Self::Xor8 => 1,
            Self::Crc16Modbus | Self::Crc16CcittFalse => 2,
            Self::Crc32 => 4,
        }
    }

    /// The checksum of `bytes`, which may lie in two pieces.
    pub(super) fn of(self, bytes: [&[u8]; 2]) -> u32 {
        let all = || bytes.into_iter().flatten();
        match self {
            Self::None => 0,
            Self::Sum8 => all().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).into(),
            Self::Xor8 => all().fold(0_u8, |sum, byte| sum ^ byte).into(),
            Self::Crc16Modbus => crc16(&MODBUS, bytes),
            Self::Crc16CcittFalse => crc16(&CCITT_FALSE, bytes),
            Self::Crc32 => {
                let mut digest = ISO_HDLC.digest();
                for piece in bytes {
                    digest.update(piece);
                }
                digest.finalize()
            }
        }
    }
}

fn crc16(crc: &'static Crc<u16>, bytes: [&[u8]; 2]) -> u32 {
    let mut digest = crc.digest();
    for piece in bytes {
        digest.update(piece);
    }
    digest.finalize().into()
}

words! {
    /// What a checksum is computed over.
    #[derive(Default)]
    pub enum Covers {
        /// What the length counts.
        #[default]
        Body = "body",
        /// That, and all that stands in front of it.
        Frame = "frame",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue, over the nine digits; sums by hand.
    #[test]
    fn the_published_check_values() {
        for (checksum, expected) in [
            (Checksum::None, 0),
            (Checksum::Sum8, 0xdd),
            (Checksum::Xor8, 0x31),
            (Checksum::Crc16Modbus, 0x4b37),
            (Checksum::Crc16CcittFalse, 0x29b1),
            (Checksum::Crc32, 0xcbf4_3926),
        ] {
            assert_eq!(checksum.of([b"123456789", b""]), expected, "{checksum:?}");
            assert_eq!(checksum.of([b"1234", b"56789"]), expected, "{checksum:?}");
        }
    }
}
