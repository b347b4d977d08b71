/** The task for tests of the supervision, as a module that takes longer to load than a task has to end. */
import { setTimeout } from 'node:timers/promises';

await setTimeout(3500);

export { runTask } from './task.mjs';
