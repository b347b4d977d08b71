import type { Holder } from '../kit/check.js';
import type { MilvusClient } from './client.js';

/** One connection, as the collections on it use it. */
export interface MilvusSession {
  client: MilvusClient;
  version: string;
  holder: Holder;
}
