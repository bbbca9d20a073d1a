package driver;

/** What the driver calls of a module. */
public abstract class Base {
    /** Bytes that the decoder refused. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;

        public Refused(String kind, long offset, String text) {
            super(kind + " " + offset + " " + text);
        }
    }

    public abstract void feed(byte[] chunk);

    public abstract byte[] next() throws Refused;

    public abstract void finish() throws Refused;

    public abstract byte[] encode(byte[] message);
}
