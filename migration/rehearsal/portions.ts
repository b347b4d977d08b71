import type { Rehearsing } from './rehearsing.js';
import type { WindowName } from './windows.js';

/** A piece of a window's work with traffic beside it, that can be done again: faults are planted into it. */
export type Portion = (rehearsing: Rehearsing) => Promise<void>;

const WRITES = 6;
const READS = 12;

export const PORTIONS: Readonly<Record<Exclude<WindowName, 'finish'>, Portion>> = {
  async capture({ link, traffic }) {
    await link.call('capture');
    await traffic.more(WRITES);
  },
  async snapshot({ link, traffic }) {
    await link.call('snapshot');
    await traffic.more(WRITES);
  },
  async backfill({ link, traffic }) {
    await Promise.all([link.call('backfill'), traffic.more(WRITES)]);
  },
  async replay({ traffic }) {
    await traffic.more(2 * WRITES);
  },
  async verify({ link, traffic }) {
    await traffic.more(WRITES);
    await link.call('verify');
  },
  async shadow({ link, traffic }) {
    await link.call('shadow', true);
    await traffic.more(WRITES, READS);
  },
  async ramp({ link, traffic }) {
    await link.call('ramp', 0.5);
    await traffic.more(WRITES, READS);
  },
  async observe({ link, traffic }) {
    await link.call('restart', 'target');
    await traffic.more(WRITES, READS);
  },
  async rollback({ link, traffic }) {
    await link.call('ramp', 1);
    await traffic.more(WRITES, READS);
    await link.call('ramp', 0);
    await traffic.more(WRITES, READS);
  },
};
