import { hostname } from 'node:os';
import { isSameProcess, processMark } from '../../common/processes.js';

/** Run that a container belongs to. */
export const RUN_LABEL = 'vecproof.run';
const OWNER_LABEL = 'vecproof.owner';

/** Labels of everything that this process starts for a run. */
export function ownLabels(run: string): Record<string, string> {
  const owner = [process.pid, processMark(process.pid) ?? '', hostname()].join(' ');
  return { [RUN_LABEL]: run, [OWNER_LABEL]: owner };
}

/** Whether the process that started a container is certainly gone. One of another machine cannot be seen from here. */
export function isOrphan(labels: Readonly<Record<string, string>>): boolean {
  const [pid, mark, host] = (labels[OWNER_LABEL] ?? '').split(' ');
  if (pid === undefined || pid === '' || host !== hostname()) return false;
  const here = processMark(process.pid)?.split('@')[1];
  const there = mark?.split('@')[1];
  if (here !== undefined && there !== undefined && here !== there) return false;
  return !isSameProcess(Number(pid), mark);
}
