import { setTimeout as wait } from 'node:timers/promises';

/**
 * Asks again and again until there is an answer; rejects with the signal's reason as soon as it is raised. How long
 * it may take is the caller's business: the signal is its deadline.
 */
export async function askUntil<T>(
  ask: () => Promise<T | undefined>,
  signal: AbortSignal,
  everyMs = 50,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const answer = await ask();
    if (answer !== undefined) return answer;
    // Rejects with an error of its own if the signal is raised; the reason is what people must see.
    await wait(everyMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
