/** Road speed at 1,000 revolutions a minute in each gear, m/s. */
const METRES_A_SECOND_AT_1000 = [2.35, 3.35, 4.4, 5.45, 6.5, 7.5] as const;
const SHIFT_RPM = 11_600;

/** The lowest gear that keeps the engine under its shift point, 1 .. 6: a function of speed alone, so it never hunts. */
export function gearAt(speed: number): number {
  let gear = 1;
  while (gear < METRES_A_SECOND_AT_1000.length && rpmAt(speed, gear) > SHIFT_RPM) gear++;
  return gear;
}

/** Revolutions a minute at a road speed in m/s. */
export function rpmAt(speed: number, gear: number): number {
  return (speed / METRES_A_SECOND_AT_1000[gear - 1]!) * 1000;
}
