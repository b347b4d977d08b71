import { hostname } from 'node:os';
import { machineMark } from '../../common/machine.js';
import { isSameProcess, processMark } from '../../common/processes.js';
import { dockerIsHere } from './binding.js';

/** Run that a container belongs to. */
export const RUN_LABEL = 'vecproof.run';
/** `pid mark host`: the number of the process, when it began and in which PID namespace. */
const OWNER_LABEL = 'vecproof.owner';
/** `machine boot`: names of hosts and numbers of namespaces are the same on many machines. */
const MACHINE_LABEL = 'vecproof.machine';

/** Labels of everything that this process starts for a run. */
export function ownLabels(run: string): Record<string, string> {
  const owner = [process.pid, processMark(process.pid) ?? '', hostname()].join(' ');
  const machine = machineMark();
  return {
    [RUN_LABEL]: run,
    [OWNER_LABEL]: owner,
    ...(machine !== undefined && { [MACHINE_LABEL]: machine }),
  };
}

/**
 * Whether the process that started a container is certainly gone. One of another machine, of another start of it, or in
 * another PID namespace cannot be seen from here; without a mark, a number says nothing.
 *
 * @param here Docker runs on this machine: what has no label of a machine (of an older version) is of this one
 */
export function isOrphan(labels: Readonly<Record<string, string>>, here = dockerIsHere()): boolean {
  const [pid, mark, host] = (labels[OWNER_LABEL] ?? '').split(' ');
  if (pid === undefined || pid === '' || mark === undefined || mark === '' || host !== hostname())
    return false;
  const own = processMark(process.pid);
  if (own === undefined || own.split('@')[1] !== mark.split('@')[1]) return false;
  const machine = labels[MACHINE_LABEL];
  if (machine === undefined ? !here : machine !== machineMark() && !(here && wasStartedAnew(machine)))
    return false;
  return !isSameProcess(Number(pid), mark);
}

/** The same machine, before it was started anew: none of its processes is left. */
function wasStartedAnew(machine: string): boolean {
  const [id] = machine.split(' ');
  return id !== '-' && id === machineMark()?.split(' ')[0];
}
