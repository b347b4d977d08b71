import type { Point } from '../../../engines/contract/points.js';
import type { Clock } from '../../../migration/cutover/clock.js';

export function point(id: Point['id'], value: number, more: Partial<Point> = {}): Point {
  return { id, vectors: { vector: Float32Array.of(value, 1) }, metadata: { value }, ...more };
}

/** Time that passes only when it is told to. */
export class TestClock implements Clock {
  at = 1_000_000;
  readonly #sleeping: { until: number; wake: () => void }[] = [];

  now = () => this.at;
  elapsed = () => this.at;

  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.at + milliseconds, wake: resolve };
      this.#sleeping.push(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleeping.splice(this.#sleeping.indexOf(sleeper), 1);
        reject(signal.reason);
      });
    });
  }

  /** Wakes whoever has slept long enough. */
  pass(milliseconds: number): void {
    this.at += milliseconds;
    for (const sleeper of this.#sleeping.filter(({ until }) => until <= this.at)) {
      this.#sleeping.splice(this.#sleeping.indexOf(sleeper), 1);
      sleeper.wake();
    }
  }
}

/** Lets everything that waits for nothing else come to its end. */
export async function turns(n = 5): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setImmediate(resolve));
}
