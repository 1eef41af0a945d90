import java.io.FileWriter;

/** The program of the tests in Java: its first argument says what it does, its second which file it writes to. */
public final class Job {
    public static void main(String[] args) throws Exception {
        System.out.println("began with " + String.join(",", args) + " and " + System.getenv("GREETING"));
        switch (args[0]) {
            case "throw" -> throw new IllegalStateException("broken in main");
            case "exit" -> System.exit(3);
            case "work" -> {
                while (true) {
                    try (FileWriter writer = new FileWriter(args[1], true)) {
                        writer.write("beat\n");
                    }
                    Thread.sleep(100);
                }
            }
            default -> System.out.println("done");
        }
    }
}
