import type { Holder } from '../kit/check.js';
import type { ArrowClient, LanceClient, LanceConnection } from './client.js';

/** What a connection's collections work with. */
export interface LanceSession {
  lance: LanceClient;
  arrow: ArrowClient;
  connection: LanceConnection;
  folder: string;
  threads: number;
  holder: Holder;
}
