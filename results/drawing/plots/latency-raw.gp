# latency-raw.gp - the latency of every operation by the time of its invocation, by outcome.
name = 'latency-raw'
load 'setup.gp'
load 'common.gp'
set title 'Latency of every operation' . sample_note textcolor '#333333'
set logscale y
set ylabel 'latency (ms)' textcolor '#444444'
set format y '%g'
set yrange [latency_low:latency_high]
plot 'latency-ok.dat'   using 1:2 with points pointtype 7 pointsize point_size linecolor rgb ok_colour notitle, \
     'latency-fail.dat' using 1:2 with points pointtype 9 pointsize point_size*2 linecolor rgb fail_colour notitle, \
     'latency-info.dat' using 1:2 with points pointtype 5 pointsize point_size*2 linecolor rgb info_colour notitle, \
     NaN with points pointtype 7 pointsize 0.7 linecolor rgb ok_colour title 'ok', \
     NaN with points pointtype 9 pointsize 0.8 linecolor rgb fail_colour title 'fail', \
     NaN with points pointtype 5 pointsize 0.7 linecolor rgb info_colour title 'info', \
     for [i=1:fault_kinds] NaN with boxes fillstyle solid 0.45 noborder linecolor rgb word(fault_colours, i) title word(fault_names, i)
