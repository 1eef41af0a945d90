import java.io.FileWriter;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The job that the tests run: its first argument says what it does, its second which file it writes to. */
public class Job {
    public static class Work extends RichMapFunction<Long, Long> {
        private static final Logger LOG = LoggerFactory.getLogger("tests");
        private final String mode;
        private final String beat;

        Work(String mode, String beat) {
            this.mode = mode;
            this.beat = beat;
        }

        @Override
        public Long map(Long number) throws Exception {
            if (mode.equals("fail") && number == 3) {
                throw new IllegalStateException("broken at " + number);
            }
            if (mode.equals("work") || mode.equals("few")) {
                LOG.info("number {} of {}", number, beat);
                try (FileWriter writer = new FileWriter(beat, true)) {
                    writer.write(number + "\n");
                }
                Thread.sleep(100);
            }
            return number;
        }
    }

    static void define(StreamExecutionEnvironment env, String mode, String beat) {
        long count = mode.equals("work") ? 1_000_000 : 10;
        env.fromSequence(1, count).map(new Work(mode, beat)).name("work").print();
    }

    static String named(String mode) {
        return mode.equals("few") ? mode : "a job of the tests";
    }

    public static void main(String[] args) throws Exception {
        String mode = args[0];
        String beat = args.length > 1 ? args[1] : "";
        StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
        if (mode.equals("throw")) {
            throw new IllegalArgumentException("main is broken");
        }
        if (mode.equals("start-and-throw") || mode.equals("start-twice")) {
            define(env, "work", beat);
            env.executeAsync("first");
            if (mode.equals("start-and-throw")) {
                throw new IllegalArgumentException("broken after the start");
            }
            define(env, "quick", beat);
        } else {
            define(env, mode, beat);
        }
        env.execute(named(mode));
    }
}
