import type { NewChange } from '../change.js';
import type { ChangeLog } from '../log.js';

/** Changes that a store tells of, and how far it is read once they are in the log. */
export interface FeedPage {
  changes: readonly NewChange[];
  /** Where to go on after a crash; undefined: this page may only be repeated together with those after it. */
  cursor?: string | undefined;
}

/**
 * Changes of a store that is written to past the library: by triggers, its own log, its versions, or by looking. They are
 * copied into a change log, which is then followed like any other. Repeated pages do no harm.
 */
export interface Feed {
  /** For people: what is read, and of what. */
  readonly place: string;
  /** Everything that there is now behind a cursor, in order; null: from where the feed begins. */
  pages(after: string | null, signal?: AbortSignal): AsyncIterable<FeedPage>;
  /** What is up to this cursor is durable in the log: the store may forget it. */
  confirm?(cursor: string): Promise<void>;
}

export interface CaptureOptions {
  feed: Feed;
  log: Pick<ChangeLog, 'append'>;
  /** Where the feed's cursor is kept, and under which name. */
  flags: { get(name: string): Promise<string | null>; set(name: string, value: string): Promise<void> };
  name: string;
  signal?: AbortSignal | undefined;
}

/**
 * Copies what a feed has now into a log. The cursor moves when the changes are durable there; after a crash they come
 * again with the same idempotency keys; what has been changed since it was read is another mutation, with a key of its own.
 * @returns changes that were new to the log
 */
export async function capture({ feed, log, flags, name, signal }: CaptureOptions): Promise<number> {
  const key = `feed ${name}`;
  let added = 0;
  for await (const { changes, cursor } of feed.pages(await flags.get(key), signal)) {
    signal?.throwIfAborted();
    if (changes.length > 0)
      added += (await log.append(changes, signal)).filter(({ repeated }) => !repeated).length;
    if (cursor === undefined) continue;
    await flags.set(key, cursor);
    await feed.confirm?.(cursor);
  }
  return added;
}
