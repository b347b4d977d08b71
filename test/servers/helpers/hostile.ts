/** What a hostile server says: the credential that it was given, in every encoding; or in one word, for a version. */
export type Echo = (form?: 'one word') => string;

/** A real server with something hostile in front of it. */
export interface HostileServer {
  url: string;
  /** Every third search fails, or all of them. */
  failing: 'some' | 'all';
  close(): Promise<void>;
}
