import type { MortalProcess } from "./mortal-process.ts";
import type { Random } from "./random.ts";
import type { Story } from "./story.ts";
import type { Truth } from "./truth.ts";
import type { VirtualTime } from "./virtual-time.ts";
import type { Weather } from "./weather.ts";

/** What everything in a schedule shares. */
export type Surroundings = {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly story: Story;
  readonly weather: Weather;
  readonly truth: Truth;
  /** Faults that took effect, by kind. */
  readonly faults: Map<string, number>;
  /** An old server with replicas may accept two appends with the same predecessor. */
  readonly races: boolean;
};

export function count(surroundings: Surroundings, fault: string): void {
  surroundings.faults.set(fault, (surroundings.faults.get(fault) ?? 0) + 1);
}

/** Nothing answered in time. What was asked may have been done. One for all: a stack trace each would cost more than the rest. */
const unanswered = new Error("the broker does not answer");

/** `lost`: not done, not answered. `unheard`: done, not answered. `late`: done after the asker has given up. */
export type Fate = "fair" | "lost" | "unheard" | "late";

const brokerTimeoutMs = 1_000;

/** One request of a process to the broker: it takes its time on both ways, and anything may become of it. */
export function askBroker<Result>(
  surroundings: Surroundings,
  from: MortalProcess,
  operate: () => Result,
  intended: Fate = "fair",
): Promise<Result> {
  const { time, random, weather } = surroundings;
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      time.after(brokerTimeoutMs, () => from.receive(() => reject(unanswered)));
    };
    const arrive = () => {
      const fate = from.isCut ? "lost" : weather.brokerStalled ? stalledFate(random) : intended;
      if (fate !== "fair") count(surroundings, `broker ${fate}`);
      if (fate === "lost") return giveUp();
      if (fate === "late") {
        giveUp();
        time.after(random.between(brokerTimeoutMs + 20, 3_500), () => {
          if (!weather.brokerStalled) operate();
        });
        return;
      }
      const result = operate();
      from.done();
      if (fate === "unheard") return giveUp();
      time.after(random.between(0, 2), () => {
        if (from.isCut) giveUp();
        else from.receive(() => resolve(result));
      });
    };
    from.leave(() => {
      if (from.isCut) giveUp();
      else time.after(random.between(0, 2), arrive);
    });
  });
}

/** While a leader is elected most of what is sent is lost, and some of it has been stored all the same. */
function stalledFate(random: Random): Fate {
  if (random.chance(0.6)) return "lost";
  return random.chance(0.5) ? "unheard" : "late";
}
