/** How a car moves at one moment, without any sensor's error. SI units; headings clockwise from north, in radians. */
export interface Motion {
  /** Whole laps since the start. */
  lap: number;
  east: number;
  north: number;
  altitude: number;
  heading: number;
  speed: number;
  /** Along the car, forward. */
  along: number;
  /** Across the car, to the right. */
  across: number;
  /** Turning speed to the right, rad/s. */
  yaw: number;
}

export function still(): Motion {
  return { lap: 0, east: 0, north: 0, altitude: 0, heading: 0, speed: 0, along: 0, across: 0, yaw: 0 };
}
