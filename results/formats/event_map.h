/* event_map.h - events that are maps of fields, in JSON and in EDN alike.
 *
 *	{"type":"invoke","process":0,"f":"write","key":1,"value":5,"time":123,"node":"n1"}
 *	{:type :invoke, :process 0, :f :write, :value [1 5], :time 123, :index 0}
 *
 * Fields in any order; unknown ones are dropped. A line may hold a whole operation:
 *
 *	{"type":"ok","process":0,"f":"read","value":null,"output":5,"start":10,"end":25}
*/
#ifndef RESULTS_EVENT_MAP_H
#define RESULTS_EVENT_MAP_H

#include "results/formats/reader.h"

/* Reads all maps of the input: one after the other, or in one list. */
bool event_maps_read(struct reading *reading, enum scan_syntax syntax);

#endif
