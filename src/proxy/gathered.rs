//! Small writes in one piece: for a head and a body of a few hundred bytes the system's call for one buffer
//! takes less time than its call for several, copying included.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// So much is copied; more goes out from where it lies.
pub(super) const BYTES_MAX: usize = 2_048;

/// Writes `pieces`, or as many bytes of them as the stream takes.
fn poll_write<S: AsyncWrite>(
    stream: Pin<&mut S>,
    context: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [piece] = pieces {
        return stream.poll_write(context, piece);
    }
    let mut all = [0; BYTES_MAX];
    let mut filled = 0;
    for piece in pieces {
        let Some(place) = all.get_mut(filled..filled + piece.len()) else {
            return stream.poll_write_vectored(context, pieces);
        };
        place.copy_from_slice(piece);
        filled += piece.len();
    }
    stream.poll_write(context, all.get(..filled).unwrap_or_default())
}

/// A stream that is written to so.
#[derive(Debug)]
pub(super) struct Gathered<S>(pub(super) S);

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_write(Pin::new(&mut self.0), context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test]
    async fn what_arrives_is_the_pieces_in_their_order_whatever_their_size() {
        for sizes in [&[0, 3][..], &[100, 2], &[1_024, 1_024], &[2_047, 2], &[10, 5_000], &[1; 40]]
        {
            let pieces: Vec<Vec<u8>> = sizes
                .iter()
                .enumerate()
                .map(|(number, size)| vec![u8::try_from(number).unwrap(); *size])
                .collect();
            let (ours, mut theirs) = duplex(16 << 10);
            let mut ours = Gathered(ours);
            let slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
            let count = ours.write_vectored(&slices).await.unwrap();
            drop(ours);
            let mut arrived = Vec::new();
            theirs.read_to_end(&mut arrived).await.unwrap();
            assert_eq!(arrived.len(), count);
            // A stream in memory that takes one piece at a time takes the first of long ones.
            assert!(pieces.concat().starts_with(&arrived), "{sizes:?}");
            let is_short = sizes.iter().sum::<usize>() <= BYTES_MAX;
            assert!(!is_short || arrived == pieces.concat(), "{sizes:?}");
        }
    }
}
