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

    /** Where a silence means something: there was one. */
    public void idle() {}

    /** Where a silence means something: what has to be sent. */
    public byte[] reply() {
        return new byte[0];
    }

    public abstract byte[] next() throws Refused;

    /** Whether it goes on behind errors. */
    public abstract boolean goesOn();

    public abstract void finish() throws Refused;

    public abstract byte[] encode(byte[] message);
}
