import { type Labels, labelsIn, type RecordedSeries } from "./series.ts";

export type Sample = { readonly labels: Labels; readonly value: number };
type Vector = readonly Sample[];
type Value = number | Vector;

const aggregates: Readonly<Record<string, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((total, value) => total + value, 0),
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
  avg: (values) => values.reduce((total, value) => total + value, 0) / values.length,
};
const comparisons: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "==": (left, right) => left === right,
  ">=": (left, right) => left >= right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  "<": (left, right) => left < right,
};
const calculations: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
};
const tokenPattern = /\s*(\d+(?:\.\d+)?|[a-zA-Z_:][\w:]*(?:\{[^}]*\})?(?:\[\d+[smh]\])?|==|>=|<=|[-+*/<>(),])/y;
const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/**
 * The part of Prometheus' language that our alerts use, at one time. Aggregates, `rate`, `increase`, `absent`,
 * comparisons that filter, `and`, and arithmetic. Growth is taken between the points there are, where Prometheus goes on
 * to the ends of the span. Throws for anything else, so that no alert passes unread.
 */
export function evaluate(text: string, series: RecordedSeries, atSeconds: number): Vector {
  const reader = new Reader(text, series, atSeconds);
  const value = reader.whole();
  return typeof value === "number" ? [{ labels: {}, value }] : value;
}

/** A time as alerts write it, such as 5m. */
export function secondsOfTime(text: string): number {
  const match = /^(\d+)([smh])$/.exec(text);
  if (match === null) throw new Error(`${text} is not a time`);
  return Number(match[1]) * unitSeconds[match[2]!]!;
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #series: RecordedSeries;
  readonly #atSeconds: number;
  #next = 0;

  constructor(text: string, series: RecordedSeries, atSeconds: number) {
    this.#tokens = tokensOf(text);
    this.#series = series;
    this.#atSeconds = atSeconds;
  }

  whole(): Value {
    const value = this.#both();
    if (this.#next < this.#tokens.length) throw new Error(`"${this.#tokens[this.#next]}" is not understood`);
    return value;
  }

  #both(): Value {
    let left = this.#compared();
    while (this.#takes("and")) {
      const right = vectorOf(this.#compared());
      left = vectorOf(left).filter(({ labels }) => right.some((other) => sameLabels(labels, other.labels)));
    }
    return left;
  }

  #compared(): Value {
    const left = this.#added();
    const compare = comparisons[this.#tokens[this.#next] ?? ""];
    if (compare === undefined) return left;
    this.#next++;
    const right = this.#added();
    if (typeof right !== "number") throw new Error("only comparisons with a number are understood");
    return vectorOf(left).filter(({ value }) => compare(value, right));
  }

  #added(): Value {
    return this.#calculated(["+", "-"], () => this.#calculated(["*", "/"], () => this.#part()));
  }

  #calculated(operators: readonly string[], part: () => Value): Value {
    let left = part();
    while (operators.includes(this.#tokens[this.#next] ?? "")) {
      left = calculated(this.#tokens[this.#next++]!, left, part());
    }
    return left;
  }

  #part(): Value {
    const token = this.#tokens[this.#next++];
    if (token === undefined) throw new Error("the expression breaks off");
    if (/^\d/.test(token)) return Number(token);
    if (token === "(") return this.#closed();
    if (token in aggregates) return this.#aggregate(token);
    if (token === "rate" || token === "increase") return this.#growth(token);
    if (token === "absent") {
      this.#expect("(");
      return vectorOf(this.#closed()).length === 0 ? [{ labels: {}, value: 1 }] : [];
    }
    return this.#selected(token);
  }

  #aggregate(name: string): Vector {
    const by = this.#takes("by") ? this.#names() : [];
    this.#expect("(");
    const groups = new Map<string, { labels: Labels; values: number[] }>();
    for (const { labels, value } of vectorOf(this.#closed())) {
      const kept = Object.fromEntries(by.map((label) => [label, labels[label] ?? ""]));
      const key = JSON.stringify(kept);
      const group = groups.get(key) ?? { labels: kept, values: [] };
      group.values.push(value);
      groups.set(key, group);
    }
    return [...groups.values()].map(({ labels, values }) => ({ labels, value: aggregates[name]!(values) }));
  }

  #growth(name: string): Vector {
    this.#expect("(");
    const match = /^([\w:]+)(?:\{(.*)\})?\[(\d+[smh])\]$/.exec(this.#tokens[this.#next++] ?? "");
    if (match === null) throw new Error(`${name} needs a range`);
    this.#expect(")");
    const spanSeconds = secondsOfTime(match[3]!);
    const found = this.#series.select(match[1]!, labelsIn(match[2] ?? ""), this.#atSeconds, spanSeconds);
    return found
      .filter(({ points }) => points.length > 1)
      .map(({ labels, points }) => {
        let grown = 0;
        // A counter that fell began anew with its process.
        for (let index = 1; index < points.length; index++) {
          const { value } = points[index]!;
          const before = points[index - 1]!.value;
          grown += value < before ? value : value - before;
        }
        const perSecond = grown / (points.at(-1)!.atSeconds - points[0]!.atSeconds);
        return { labels, value: name === "rate" ? perSecond : perSecond * spanSeconds };
      });
  }

  #selected(token: string): Vector {
    const match = /^([\w:]+)(?:\{(.*)\})?$/.exec(token);
    if (match === null) throw new Error(`"${token}" is not understood`);
    const found = this.#series.current(match[1]!, labelsIn(match[2] ?? ""), this.#atSeconds);
    return found.map(({ labels, points }) => ({ labels, value: points.at(-1)!.value }));
  }

  #names(): readonly string[] {
    this.#expect("(");
    const names: string[] = [];
    do names.push(this.#tokens[this.#next++]!);
    while (this.#takes(","));
    this.#expect(")");
    return names;
  }

  #closed(): Value {
    const value = this.#both();
    this.#expect(")");
    return value;
  }

  #takes(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#takes(token)) throw new Error(`"${this.#tokens[this.#next]}" stands where "${token}" should`);
  }
}

function tokensOf(text: string): readonly string[] {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  const whole = text.trimEnd();
  while (tokenPattern.lastIndex < whole.length) {
    const from = tokenPattern.lastIndex;
    const match = tokenPattern.exec(whole);
    if (match === null) throw new Error(`"${whole.slice(from, from + 20)}" is not understood`);
    tokens.push(match[1]!);
  }
  return tokens;
}

function vectorOf(value: Value): Vector {
  return typeof value === "number" ? [{ labels: {}, value }] : value;
}

function calculated(operator: string, left: Value, right: Value): Value {
  const calculate = calculations[operator]!;
  if (typeof left === "number" && typeof right === "number") return calculate(left, right);
  if (typeof right === "number") {
    return vectorOf(left).map(({ labels, value }) => ({ labels, value: calculate(value, right) }));
  }
  if (typeof left === "number") return right.map(({ labels, value }) => ({ labels, value: calculate(left, value) }));
  return left.flatMap(({ labels, value }) => {
    const other = right.find((sample) => sameLabels(labels, sample.labels));
    return other === undefined ? [] : [{ labels, value: calculate(value, other.value) }];
  });
}

function sameLabels(one: Labels, other: Labels): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
