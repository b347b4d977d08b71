/**
 * What the suite is written against. The project's own tests give it Vitest's functions, the command its own runner
 * (`runner.ts`), so that both run the same checks.
 */
export interface TestApi {
  describe: Describe;
  test: Test;
  expect: Expect;
  beforeAll(run: () => Promise<void> | void): void;
  afterAll(run: () => Promise<void> | void): void;
}

export interface Describe {
  (title: string, define: () => void): void;
  skipIf(condition: boolean): (title: string, define: () => void) => void;
}

export interface Test {
  (title: string, run: TestBody, timeoutMs?: number): void;
  skipIf(condition: boolean): (title: string, run: TestBody, timeoutMs?: number) => void;
}

export type TestBody = (context: TestContext) => Promise<void> | void;

export interface TestContext {
  /** Ends the test as skipped, with its reason. */
  skip(reason?: string): void;
}

/** As Vitest's, as far as the suite uses it. */
export type Expect = (got: unknown, message?: string) => Matchers;

export interface Matchers {
  toBe(wanted: unknown): void;
  /** Structure and values; keys that are undefined count as absent. */
  toEqual(wanted: unknown): void;
  /** The keys of `wanted` alone, at every depth. */
  toMatchObject(wanted: object): void;
  toHaveLength(length: number): void;
  toContain(item: unknown): void;
  toMatch(pattern: RegExp | string): void;
  toBeLessThan(limit: number): void;
  toBeLessThanOrEqual(limit: number): void;
  toBeGreaterThan(limit: number): void;
  toBeGreaterThanOrEqual(limit: number): void;
  /** Differs by less than half a unit of the given decimal. */
  toBeCloseTo(wanted: number, digits?: number): void;
  toBeNull(): void;
  toBeUndefined(): void;
  toBeDefined(): void;
  toBeInstanceOf(type: new (...args: never[]) => unknown): void;
  not: Pick<Matchers, 'toBe' | 'toEqual' | 'toContain' | 'toBeNull' | 'toMatch'>;
  rejects: {
    toThrow(wanted?: RegExp | string): Promise<void>;
    /** The reason itself. */
    toBe(wanted: unknown): Promise<void>;
  };
}
