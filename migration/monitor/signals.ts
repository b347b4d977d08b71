import { z } from 'zod';
import { worseBy } from './gates.js';
import { SIGNALS, type SignalName } from './model.js';
import type { SignalState } from './state.js';

/** Events of one request at most. */
export const MOST_EVENTS = 1000;

const event = z.strictObject({
  signal: z.enum(SIGNALS),
  side: z.enum(['source', 'target']).describe('which place has answered'),
  value: z
    .boolean()
    .describe('whether it happened: the answer was a fallback, cited, clicked, or asked again'),
});
export type SignalEvent = z.infer<typeof event>;

/** What an application posts to `/signals`. */
export const signalsSchema = z.strictObject({ events: z.array(event).min(1).max(MOST_EVENTS) });

export function noSignals(): SignalState {
  const none = () => ({ n: 0, yes: 0 });
  return { source: none(), target: none(), waiting: none() };
}

/**
 * Takes an event. Each answer of the target is set against the mean of those of the source since the last one, so that all of
 * both are used, in whatever shares traffic goes to them.
 *
 * @returns by how much the target was worse, -1 to 1; undefined: there is nothing to set it against
 */
export function takeSignal(
  state: SignalState,
  signal: SignalName,
  { side, value }: SignalEvent,
): number | undefined {
  const yes = value ? 1 : 0;
  state[side].n++;
  state[side].yes += yes;
  if (side === 'source') {
    state.waiting.n++;
    state.waiting.yes += yes;
    return undefined;
  }
  const { waiting } = state;
  if (waiting.n === 0) return undefined;
  state.waiting = { n: 0, yes: 0 };
  return worseBy(signal, yes, waiting.yes / waiting.n);
}
