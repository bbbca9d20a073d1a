/** The generated decoder of this package, for the driver. */
public final class Module extends driver.Base {
    private final Frames.Decoder decoder = new Frames.Decoder();

    @Override
    public void feed(byte[] chunk) {
        decoder.feed(chunk, 0, chunk.length);
    }

    @Override
    public byte[] next() throws Refused {
        try {
            return decoder.next();
        } catch (Frames.FrameException error) {
            throw new Refused(error.kind, error.offset, error.getMessage());
        }
    }

    LISTENS

    @Override
    public boolean goesOn() {
        return GOES_ON;
    }

    @Override
    public void finish() throws Refused {
        FINISH
    }

    @Override
    public byte[] encode(byte[] message) {
        return Frames.encode(message);
    }
}
