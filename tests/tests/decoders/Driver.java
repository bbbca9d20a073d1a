package driver;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;

/** Decodes and encodes what its input says, each line with the module that it names. */
public final class Driver {
    private static byte[] unhex(String text) {
        byte[] bytes = new byte[text.equals("-") ? 0 : text.length() / 2];
        for (int at = 0; at < bytes.length; at++) {
            bytes[at] = (byte) Integer.parseInt(text.substring(2 * at, 2 * at + 2), 16);
        }
        return bytes;
    }

    private static String hex(byte[] bytes) {
        var text = new StringBuilder(bytes.length == 0 ? "-" : "");
        for (byte one : bytes) {
            text.append(Character.forDigit(one >> 4 & 15, 16)).append(Character.forDigit(one & 15, 16));
        }
        return text.toString();
    }

    private static void drain(Base module, StringBuilder said) throws Base.Refused {
        while (true) {
            try {
                byte[] message = module.next();
                if (message == null) {
                    return;
                }
                said.append("m:").append(hex(message)).append(' ');
            } catch (Base.Refused error) {
                if (!module.goesOn()) {
                    throw error;
                }
                said.append("error ").append(error.getMessage()).append(' ');
            }
        }
    }

    private static String decode(Base module, String[] chunks) {
        var said = new StringBuilder();
        try {
            for (String chunk : chunks) {
                byte[] bytes = unhex(chunk.replace("~", ""));
                // Behind a tilde nobody asks what is complete with the silence.
                if (bytes.length == 0 || chunk.startsWith("~")) {
                    module.idle();
                }
                module.feed(bytes);
                drain(module, said);
                byte[] reply = module.reply();
                if (reply.length > 0) {
                    said.append("r:").append(hex(reply)).append(' ');
                    drain(module, said);
                }
                said.append("/ ");
            }
            module.finish();
            drain(module, said);
            said.append("ok");
        } catch (Base.Refused error) {
            said.append("error ").append(error.getMessage());
        }
        return said.toString();
    }

    private static String encode(Base module, String message) {
        try {
            return "ok " + hex(module.encode(unhex(message)));
        } catch (IllegalArgumentException error) {
            return "refused";
        }
    }

    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in));
        var said = new StringBuilder();
        for (String line; (line = lines.readLine()) != null; ) {
            String[] words = line.split(" ");
            var type = Class.forName("m" + words[1] + ".Module");
            var module = (Base) type.getDeclaredConstructor().newInstance();
            String[] rest = Arrays.copyOfRange(words, 2, words.length);
            said.append(words[0].equals("D") ? decode(module, rest) : encode(module, rest[0])).append('\n');
        }
        System.out.print(said);
    }
}
