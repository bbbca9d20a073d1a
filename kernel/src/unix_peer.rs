//! Which Unix socket another one is connected with, as sock_diag(7) tells.

use socket2::{Domain, Protocol, Socket, Type};

const AF_UNIX: u8 = 1;
/// SOCK_DIAG_BY_FAMILY (linux/sock_diag.h).
const BY_FAMILY: u16 = 20;
/// UDIAG_SHOW_PEER and UNIX_DIAG_PEER (linux/unix_diag.h).
const SHOW_PEER: u32 = 4;
const PEER: u16 = 2;
/// NLM_F_REQUEST (netlink(7)).
const REQUEST: u16 = 1;
/// NETLINK_SOCK_DIAG.
const SOCK_DIAG: i32 = 4;

/// The number of the socket that the one with this number is connected with; none
/// if it is not connected, or the kernel does not tell.
pub(crate) fn inode(of: u64) -> Option<u64> {
    let request = request(u32::try_from(of).ok()?);
    let domain = Domain::from(libc::AF_NETLINK);
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::from(SOCK_DIAG))).ok()?;
    socket.send(&request).ok()?;
    let mut answer = [0; 512];
    let length = std::io::Read::read(&mut &socket, &mut answer).ok()?;
    peer(answer.get(..length)?)
}

/// `struct nlmsghdr` and `struct unix_diag_req`.
fn request(inode: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(40);
    bytes.extend(40_u32.to_ne_bytes());
    bytes.extend(BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST.to_ne_bytes());
    // The number of the request, and who sends it: the kernel fills that in.
    bytes.extend([0; 8]);
    bytes.extend([AF_UNIX, 0, 0, 0]);
    // In any state.
    bytes.extend(u32::MAX.to_ne_bytes());
    bytes.extend(inode.to_ne_bytes());
    bytes.extend(SHOW_PEER.to_ne_bytes());
    // Whatever its cookie is.
    bytes.extend([0xff; 8]);
    bytes
}

/// Reads `struct nlmsghdr`, `struct unix_diag_msg` and attributes (each a length that
/// counts its own 4 bytes of header, a type, a value, padded to 4 bytes).
fn peer(answer: &[u8]) -> Option<u64> {
    const HEADER: usize = 16;
    const MESSAGE: usize = 16;
    let half = |bytes: &[u8], at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(u16::from_ne_bytes(*bytes))
    };
    if half(answer, 4)? != BY_FAMILY {
        return None;
    }
    let mut attributes = answer.get(HEADER + MESSAGE..)?;
    loop {
        let length = usize::from(half(attributes, 0)?);
        if half(attributes, 2)? == PEER {
            let inode = u32::from_ne_bytes(*attributes.get(4..length)?.first_chunk()?);
            return (inode != 0).then(|| u64::from(inode));
        }
        if length < 4 {
            return None;
        }
        attributes = attributes.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::net::UnixStream;

    fn number(socket: &UnixStream) -> u64 {
        let copy = socket.as_fd().try_clone_to_owned().unwrap();
        std::fs::File::from(copy).metadata().unwrap().ino()
    }

    #[test]
    fn each_end_of_a_pair_is_the_peer_of_the_other() {
        let (one, other) = UnixStream::pair().unwrap();
        assert_eq!(inode(number(&one)), Some(number(&other)));
        assert_eq!(inode(number(&other)), Some(number(&one)));
        let last = number(&one);
        drop(other);
        assert_eq!(inode(last), None);
    }

    #[test]
    fn cut_answers_name_no_peer() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(inode(number(&one)).is_some());
        for length in 0..40 {
            assert_eq!(peer(&vec![0; length]), None);
        }
        let mut endless = vec![0; 64];
        endless[4] = 20;
        assert_eq!(peer(&endless), None, "an attribute of no length");
    }
}
