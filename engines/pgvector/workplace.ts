import type { Session } from './client.js';
import type { InTurn } from './in-turn.js';
import type { Layout } from './layout.js';
import type { SearchPlace } from './search.js';
import type { SnapshotPlace } from './snapshot-place.js';

/** What a collection works with. */
export interface Workplace {
  session: InTurn;
  threads: number;
  /** A connection for a search. */
  searchPlace(): Promise<SearchPlace>;
  /** Another connection to the same database, or the only one there is. */
  other<T>(work: (session: Pick<Session, 'query'>) => Promise<T>): Promise<T>;
  snapshotPlace(layout: Layout): Promise<SnapshotPlace>;
}
