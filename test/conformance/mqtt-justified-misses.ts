const GRANTED_0 =
  '3.8.4 ([MQTT-3.8.4-5], [MQTT-3.8.4-6]): a server may grant a lower QoS than was asked for; live rows are granted QoS 0';
const GRANTED_0_V5 =
  '3.8.4 ([MQTT-3.8.4-7], [MQTT-3.8.4-8]): as granted QoS 0 the message goes out without a packet identifier, so this ' +
  'answers nothing we sent; 3.6.2.1: an identifier that is not found is no error';
const PUBREC_AGAIN_311 =
  '4.3.3 ([MQTT-4.3.3-2]): until PUBREL every PUBLISH with the same identifier is answered with PUBREC; nothing limits how often';
const PUBREC_AGAIN_5 = PUBREC_AGAIN_311.replace('4.3.3-2', '4.3.3-10');
const DELIVERED_BEFORE_PUBREL =
  '4.3.3, Figure 4.3, Method B: the receiver may pass the message on before PUBREC; live rows go out when they are stored';

/** The vectors that this server misses, each with the clause of the standard that says it may. */
export const JUSTIFIED_MISSES = new Map<string, string>([
  ['v3.1.1 FLOW | QoS 0 self receive ok', GRANTED_0],
  ['v3.1.1 FLOW | QoS 1 receive ok', GRANTED_0],
  ['v3.1.1 FLOW | QoS 1 PUBLISH-PUBREC', GRANTED_0],
  ['v3.1.1 FLOW | QoS 1 PUBLISH-PUBCOMP', GRANTED_0],
  ['v3.1.1 FLOW | QoS 2 receive ok', GRANTED_0],
  ['v3.1.1 FLOW | QoS 2 PUBLISH-PUBACK', GRANTED_0],
  ['v3.1.1 FLOW | QoS 2 PUBLISH-PUBCOMP', GRANTED_0],
  ['v3.1.1 FLOW | QoS 2 PUBLISH-PUBREC-PUBREL-PUBACK', GRANTED_0],
  ['v3.1.1 FLOW | QoS 2 PUBLISH-PUBREC-PUBREL-PUBREC', GRANTED_0],
  ['v3.1.1 OTHER | subpub self publish qos1', GRANTED_0],
  ['v3.1.1 OTHER | subpub self publish qos2', GRANTED_0],
  ['v3.1.1 OTHER | subpub retain as normal qos2', DELIVERED_BEFORE_PUBREL],
  ['v3.1.1 SUBSCRIBE | 82 single ok QoS 1 [MQTT-3.8.4-1]', GRANTED_0],
  ['v3.1.1 SUBSCRIBE | 82 single ok QoS 2 [MQTT-3.8.4-1]', GRANTED_0],
  ['REGRESSIONS | mismatched-shared-normal-subscribe-unsubscribe-leak', GRANTED_0],
  ['REGRESSIONS | shared-sub-uaf', GRANTED_0],
  ['v3.1.1 PUBLISH | 34 QoS 2 Dup flow*3', PUBREC_AGAIN_311],
  ['v5.0 FLOW | QoS 1 PUBLISH-PUBREC', GRANTED_0_V5],
  ['v5.0 FLOW | QoS 1 PUBLISH-PUBCOMP', GRANTED_0_V5],
  ['v5.0 FLOW | QoS 2 PUBLISH-PUBACK', GRANTED_0_V5],
  ['v5.0 FLOW | QoS 2 PUBLISH-PUBCOMP', GRANTED_0_V5],
  ['v5.0 FLOW | QoS 2 PUBLISH-PUBREC-PUBREL-PUBACK', GRANTED_0_V5],
  ['v5.0 PUBLISH | 34 QoS 2 Dup flow*3', PUBREC_AGAIN_5],
]);
